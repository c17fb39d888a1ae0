import { catchError, defer, map, take, throwError, throwIfEmpty, type Observable } from 'rxjs';
import type { CredentialStore, Snapshot, Version, WriteResult } from './contracts.js';
import type { Credentials } from './credentials.js';
import { StoreError, TokenError } from './errors.js';
import { fromRecord } from './tokenResponse.js';

/** A store as the core sees it: cold observables, times that mean something, and typed errors. */
export interface CheckedStore {
  /** Emits once, completes; errors with a {@link StoreError}. */
  readonly read$: Observable<Snapshot>;
  /** The same, when the write is durable. */
  write(next: Credentials | null, expected: Version): Observable<WriteResult>;
}

/** What a foreign store throws may quote what it stored: only the system's code is taken over. */
function asStoreError(code: 'store_unreadable' | 'store_unwritable', thrown: unknown): TokenError {
  if (thrown instanceof TokenError) return thrown;
  const reason = (thrown as { code?: unknown } | null)?.code;
  const shown = typeof reason === 'string' && /^[A-Z_0-9]{1,40}$/.test(reason) ? reason : undefined;
  const verb = code === 'store_unreadable' ? 'read' : 'written';
  return new StoreError(code, `The store could not be ${verb}${shown ? ` (${shown})` : ''}`, shown);
}

export function checkedStore(store: CredentialStore, now: () => number): CheckedStore {
  const checked = (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    credentials: snapshot.credentials && fromRecord(snapshot.credentials, now()),
  });
  return {
    read$: defer(() => store.read()).pipe(
      take(1),
      throwIfEmpty(),
      map(checked),
      catchError((thrown: unknown) => throwError(() => asStoreError('store_unreadable', thrown))),
    ),
    write: (next, expected) =>
      defer(() => store.write(next, expected)).pipe(
        take(1),
        throwIfEmpty(),
        map((result) => ({ ...result, snapshot: checked(result.snapshot) })),
        catchError((thrown: unknown) => throwError(() => asStoreError('store_unwritable', thrown))),
      ),
  };
}
