import {
  asapScheduler,
  concatMap,
  delay,
  from,
  map,
  NEVER,
  noop,
  of,
  Subject,
  subscribeOn,
  takeLast,
  throwError,
} from 'rxjs';
import {
  ANY_VERSION,
  type CredentialStore,
  type Lease,
  NO_VERSION,
  type Snapshot,
} from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { fingerprint, pairFingerprint } from '../../src/fingerprint.js';
import type { StoreUnderTest } from '../../src/testing/index.js';
import { emptyCell, type Parts, soundParts, tinyStore, tinyUnderTest } from './tinyStore.js';

type Made = ReturnType<typeof tinyUnderTest>;

/** A tiny store with some of its parts replaced. */
const withParts = (flaws: Partial<Parts>) => () => tinyUnderTest(flaws);

/** A sound store whose every face is wrapped. */
const wrapped =
  (wrap: (store: CredentialStore, made: Made) => Partial<CredentialStore>) => (): StoreUnderTest => {
    const made = tinyUnderTest();
    const flawed = (store: CredentialStore): CredentialStore => ({ ...store, ...wrap(store, made) });
    return { ...made, store: flawed(made.store), sibling: flawed(made.sibling) };
  };

const withMeans = (more: (made: Made) => Partial<StoreUnderTest>) => (): StoreUnderTest => {
  const made = tinyUnderTest();
  return { ...made, ...more(made) };
};

/** What a read gave before the last write. */
function lagging(store: CredentialStore, { cell }: Made): Partial<CredentialStore> {
  let before: Snapshot | undefined;
  let now: Snapshot | undefined;
  const look = () => from(store.read()).subscribe((snapshot) => ([before, now] = [now, snapshot]));
  look();
  cell.changes.subscribe(look);
  return { read: () => of(before ?? now!) };
}

function lockWith(
  store: CredentialStore,
  hold: CredentialStore['lock']['hold'],
): Pick<CredentialStore, 'lock'> {
  return { lock: { ...store.lock, hold } };
}

const unlocked: CredentialStore['lock']['hold'] = (critical) => critical({} as Lease);

/** For each law, a store that breaks it in the way that its name says. */
export const lawbreakers: Readonly<Record<string, () => StoreUnderTest>> = {
  'the lock says that it is not lossy': wrapped(({ lock }) => ({ lock: { ...lock, lossy: true } })),

  'an empty store says that nobody is signed in': wrapped((store) => ({
    read: () => from(store.read()).pipe(map((found) => ({ ...found, version: '' }))),
  })),
  'a read sees the last write': wrapped(lagging),
  'a read through a sibling sees the last write': withMeans(() => ({ sibling: tinyStore(emptyCell()) })),
  'the content outlives the store object': withMeans(() => ({ reopen: () => tinyStore(emptyCell()) })),
  'unknown fields survive': withParts({
    stringify: ({ access_token, refresh_token, expires_at, expires_in, scope, token_type }) =>
      JSON.stringify({ access_token, refresh_token, expires_at, expires_in, scope, token_type }),
  }),
  'credentials come back frozen': withParts({ parse: (record) => JSON.parse(record) as Credentials }),
  'a change to the object that was written changes nothing stored': wrapped((store) => {
    let mine: Credentials | null = null;
    return {
      write: (next, expected) => ((mine = next), store.write(next, expected)),
      read: () =>
        from(store.read()).pipe(map((found) => ({ ...found, credentials: mine ?? found.credentials }))),
    };
  }),
  'a write answers with what a read would find': wrapped((store) => ({
    write: (next, expected) =>
      from(store.write(next, expected)).pipe(
        map(({ written, snapshot }) => ({ written, snapshot: { ...snapshot, version: 'the one before' } })),
      ),
  })),

  'equal content has an equal version': (() => {
    let count = 0;
    return withParts({ stringify: (next) => JSON.stringify({ ...next, count: count++ }) });
  })(),
  'any change of the content changes the version': withParts({
    version: (record) => fingerprint((JSON.parse(record) as Credentials).access_token),
  }),
  'a version tells no secret, and is neither of the reserved ones': withParts({
    version: (record) => record,
  }),

  'a write that expects the present version is written': wrapped((store) => ({
    write: (next, expected) => store.write(next, expected === ANY_VERSION ? expected : 'an older one'),
  })),
  'a write that expects another version changes nothing and answers with what is there': wrapped((store) => ({
    write: (next) => store.write(next, ANY_VERSION),
  })),
  'exactly one of many concurrent writers of one version wins': wrapped((store) => ({
    write: (next, expected) =>
      from(store.read()).pipe(
        delay(1),
        concatMap(({ version }) => store.write(next, version === expected ? ANY_VERSION : expected)),
      ),
  })),
  'ANY_VERSION always writes': wrapped((store, { cell }) => ({
    write: (next, expected) => store.write(next, expected === ANY_VERSION && !cell.record ? 'any' : expected),
  })),
  'null signs out, and the version is NO_VERSION then': wrapped((store) => ({
    read: () =>
      from(store.read()).pipe(
        map((found) => (found.credentials ? found : { ...found, version: fingerprint(NO_VERSION) })),
      ),
  })),
  'reads and writes never wait for the lock': wrapped((store) => ({
    write: (next, expected) => store.lock.hold(() => from(store.write(next, expected))),
  })),

  'never two are inside at once': wrapped((store) => lockWith(store, unlocked)),
  'a read after getting the lock sees every earlier write': wrapped(lagging),
  'the lock is freed when the critical section completes': withParts({ frees: (how) => how !== 'complete' }),
  'the lock is freed when the critical section errors': withParts({ frees: (how) => how !== 'error' }),
  'the lock is freed when the critical section throws before there is anything to subscribe to': withParts({
    frees: (how) => how !== 'throw',
  }),
  'the lock is freed when its holder unsubscribes': withParts({ frees: (how) => how !== 'unsubscribe' }),
  'unsubscribing while waiting leaves no ghost waiter': withParts({ giveUp: noop }),
  'the third does not get in when the second gives up': withParts({
    giveUp(cell, waiter) {
      const isWaiting = cell.waiting.includes(waiter);
      soundParts.giveUp(cell, waiter);
      if (isWaiting) cell.waiting.shift()?.enter();
    },
  }),
  'hold does nothing until it is subscribed to, and takes a turn for each subscription': wrapped((store) =>
    lockWith(store, (critical) => {
      const result$ = new Subject<never>();
      store.lock.hold(critical).subscribe(result$ as never);
      return result$;
    }),
  ),
  'hold emits what the critical section emits, and ends as it ends': wrapped((store) =>
    lockWith(store, (critical) => store.lock.hold(critical).pipe(takeLast(1))),
  ),
  'a free lock starts at once': wrapped((store) =>
    lockWith(store, (critical) => store.lock.hold(critical).pipe(subscribeOn(asapScheduler))),
  ),
  'what the holder writes can be read by the next one inside': wrapped(lagging),

  'a lease lasts as long as the lock says': wrapped((store) =>
    lockWith(store, (critical) =>
      store.lock.hold((lease) => critical({ ...lease, signal: lease.signal, remainingMs: () => 30_000 })),
    ),
  ),
  'a lease says that it lapses before anybody else gets in': withParts({ lossy: true, abort: noop }),

  'a later read sees that a refresh token is in use': withParts({ journal: noop }),
  'the journal stands when its writer has gone': withParts({ onLeave: (cell) => (cell.pending = undefined) }),
  'the journal outlives the store object': withMeans(({ cell }) => ({
    reopen: () => tinyStore({ ...cell, pending: undefined }),
  })),
  'what a lease is asked to do changes neither the record nor its version': withParts({
    journal(cell, pending) {
      soundParts.journal(cell, pending);
      cell.record = cell.record && JSON.stringify({ ...JSON.parse(cell.record), pending });
    },
  }),
  'a rotation voids the journal without another write': withParts({ isPending: () => true }),
  'a new access token for the same refresh token voids the journal': withParts({
    isPending: ({ pair }, held) =>
      held !== null &&
      [held.access_token, 'access-of-1'].some(
        (access_token) => pair === pairFingerprint({ ...held, access_token }),
      ),
  }),
  'the journal stands while the tokens stay, whatever else is written': withParts({
    onWrite: (cell) => (cell.pending = undefined),
  }),
  'signing out voids the journal': withParts({
    isPending: (pending, held) => held === null || soundParts.isPending(pending, held),
  }),
  'acquitting strikes the journal out': withParts({
    journal: (cell, pending) => void (cell.pending = pending ?? cell.pending),
  }),
  'the same tokens, granted again, strike out the journal of who was inside before, too': withParts({
    acquits: (isGranted) => !isGranted,
  }),
  'a later read sees that a refresh token is dead': withParts({ condemn: noop }),
  'the dead mark outlives the store object': withMeans(({ cell }) => ({
    reopen: () => tinyStore({ ...cell, dead: undefined }),
  })),
  'a refresh token stays dead while it is stored, whatever else is written': withParts({
    onWrite: (cell) => (cell.dead = undefined),
  }),
  'a sign-in, which is written whatever is there, revives even a dead refresh token': withParts({
    onSignIn: noop,
  }),
  'another refresh token voids the dead mark': withParts({ isDead: (_dead, held) => held !== null }),
  'signing out voids the dead mark': withParts({
    isDead: (dead, held) => held === null || soundParts.isDead(dead, held),
  }),

  'changes$ hints at what a sibling writes': wrapped(() => ({ changes$: NEVER })),
  'changes$ neither errors nor completes, whatever is written and whoever listens': wrapped((store) => ({
    changes$: store.changes$.pipe(
      concatMap(() => from(store.read())),
      map(({ credentials }) => credentials!.access_token),
    ),
  })),
  'what breaks while someone listens never escapes from changes$, which hints again afterwards': () => {
    const made = tinyUnderTest();
    const broken$ = new Subject<never>();
    const flawed = (store: CredentialStore) => ({ ...store, changes$: broken$ });
    return {
      ...made,
      store: flawed(made.store),
      disturb: () => {
        throwError(() => new Error('ENOENT')).subscribe(broken$);
        return noop;
      },
    };
  },
};
