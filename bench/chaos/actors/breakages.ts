import { defer, EMPTY, from, map, of } from 'rxjs';
import type { CredentialStore, Lease } from 'rx-token';

interface Breaking {
  readonly what: string;
  readonly store: (store: CredentialStore) => CredentialStore;
}

const noLease: Lease = {
  signal: new AbortController().signal,
  remainingMs: () => Infinity,
  prepare: () => EMPTY,
  acquit: () => EMPTY,
  condemn: () => EMPTY,
};

/** Ways to spoil a store, each of which the chaos run has to notice. */
export const breakages = {
  lock: {
    what: 'a lock that lets everybody in, and keeps no journal',
    store: (store) => ({ ...store, lock: { ...store.lock, hold: (critical) => critical(noLease) } }),
  },
  write: {
    what: 'every fifth write is said to be done, and is not',
    store: (store) => ({
      ...store,
      write: (next, expected) =>
        Math.random() >= 0.2
          ? store.write(next, expected)
          : from(store.read()).pipe(
              map(({ version }) => ({ written: true, snapshot: { credentials: next, version } })),
            ),
    }),
  },
  prepare: {
    what: 'the room for the successor is never reserved, the journal never written',
    store: (store) => ({
      ...store,
      lock: {
        ...store.lock,
        hold: (critical) =>
          store.lock.hold((lease) => defer(() => critical({ ...lease, prepare: () => of(null) }))),
      },
    }),
  },
  ahead: { what: 'refreshAheadMs is not set', store: (store) => store },
} satisfies Record<string, Breaking>;

export type Breakage = keyof typeof breakages;

export function perhapsBroken(store: CredentialStore, breakage: Breakage | undefined): CredentialStore {
  return breakage === undefined ? store : breakages[breakage].store(store);
}
