import { defer, first, map, throwError, timeout, type Observable, type ObservableInput } from 'rxjs';
import type { Settings } from './config.js';
import type { Snapshot, Version, WriteResult } from './contracts.js';
import type { Credentials } from './credentials.js';
import { StoreError, TokenError } from './errors.js';
import { orElseThrow } from './orElseThrow.js';
import { fromRecord } from './tokenResponse.js';

/** A store as the core sees it: cold observables, times that mean something, and typed errors. */
export interface CheckedStore {
  /** Emits once and completes, or errors with a {@link TokenError}. */
  readonly read$: Observable<Snapshot>;
  /** The same, when the write is durable. */
  write(next: Credentials | null, expected: Version): Observable<WriteResult>;
}

export function checkedStore({ store, scheduler, refreshTimeoutMs }: Settings): CheckedStore {
  const checked = (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    credentials: snapshot.credentials && fromRecord(snapshot.credentials, scheduler.now()),
  });
  const once = <T>(code: StoreError['code'], access: () => ObservableInput<T>): Observable<T> =>
    defer(access).pipe(
      first(),
      timeout({
        first: refreshTimeoutMs,
        scheduler,
        with: () => throwError(() => new StoreError(code, 'The store did not answer in time', 'ETIMEDOUT')),
      }),
      orElseThrow((thrown) => asStoreError(code, thrown)),
    );
  return {
    read$: once('store_unreadable', () => store.read()).pipe(map(checked)),
    write: (next, expected) =>
      once('store_unwritable', () => store.write(next, expected)).pipe(
        map((result) => ({ ...result, snapshot: checked(result.snapshot) })),
      ),
  };
}

/** What a foreign store throws may quote what it stored: only the system's code is taken over. */
export function asStoreError(code: StoreError['code'], thrown: unknown): TokenError {
  if (thrown instanceof TokenError) return thrown;
  const { code: reason } = Object(thrown) as { code?: string };
  return /^[A-Z_]+$/.test(`${reason}`)
    ? new StoreError(code, `The store failed: ${reason}`, reason)
    : new StoreError(code, 'The store failed');
}
