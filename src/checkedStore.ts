import { defer, first, from, map, throwError, timeout, type Observable, type ObservableInput } from 'rxjs';
import type { Settings } from './config.js';
import type { Lease, Snapshot, Version, WriteResult } from './contracts.js';
import type { Credentials } from './credentials.js';
import { StoreError, TokenError } from './errors.js';
import { leaseThrough, type ColdLease } from './leaseThrough.js';
import { orElseThrow } from './orElseThrow.js';
import { fromRecord } from './tokenResponse.js';

/** A store as the core sees it: cold observables, times that mean something, and typed errors. */
export interface CheckedStore {
  /** Emits once and completes, or errors with a {@link TokenError}. */
  readonly read$: Observable<Snapshot>;
  /** The same, when the write is durable. */
  write(next: Credentials | null, expected: Version): Observable<WriteResult>;
}

export function checkedStore(settings: Settings): CheckedStore {
  const { store, scheduler } = settings;
  const checked = (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    credentials: snapshot.credentials && fromRecord(snapshot.credentials, scheduler.now()),
  });
  return {
    read$: answerOf(settings, 'store_unreadable', () => from(store.read()).pipe(first(), map(checked))),
    write: (next, expected) =>
      answerOf(settings, 'store_unwritable', () =>
        from(store.write(next, expected)).pipe(
          first(),
          map((result) => ({ ...result, snapshot: checked(result.snapshot) })),
        ),
      ),
  };
}

/** A lease as the core sees it: cold observables, which end. */
export type CheckedLease = ColdLease;

export function checkedLease(lease: Lease, settings: Settings): CheckedLease {
  return leaseThrough(lease, (note) => answerOf(settings, 'store_unwritable', note));
}

/** Rule 8: every wait for a store ends. */
function answerOf<T>(
  { scheduler, refreshTimeoutMs }: Settings,
  code: StoreError['code'],
  access: () => ObservableInput<T>,
): Observable<T> {
  return defer(access).pipe(
    timeout({
      first: refreshTimeoutMs,
      scheduler,
      with: () => throwError(() => new StoreError(code, 'The store did not answer in time', 'ETIMEDOUT')),
    }),
    orElseThrow((thrown) => asStoreError(code, thrown)),
  );
}

/** How often another tool may come between a read and a write. */
export const MAX_TRIES = 8;

/** A store that holds something else each time it is read would be written to for ever. */
export const restless = (): TokenError =>
  new StoreError('store_unwritable', 'The store holds something else at each read');

/** What a foreign store throws may quote what it stored: only the system's code is taken over. */
export function asStoreError(code: StoreError['code'], thrown: unknown): TokenError {
  if (thrown instanceof TokenError) return thrown;
  const { code: reason } = Object(thrown) as { code?: string };
  return /^[A-Z_]+$/.test(`${reason}`)
    ? new StoreError(code, `The store failed: ${reason}`, reason)
    : new StoreError(code, 'The store failed');
}
