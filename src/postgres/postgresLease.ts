import { catchError, concatMap, defer, map, noop, of, throwError, type Observable } from 'rxjs';
import type { Lease, Pending } from '../contracts.js';
import { StoreError } from '../errors.js';
import { pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import type { HeldLock } from './heldLock.js';
import { notesIn } from './record.js';
import { ask, type Site } from './site.js';

/** The lease that a lock is good for, and what gives both up. Notes go beside the lock, so they are durable at once. */
export function leaseOf(lock: HeldLock, site: Site): { readonly lease: Lease; readonly end: () => void } {
  const { statements, key } = site;
  const { connection } = lock;
  const lapsing = new AbortController();
  const lapse = (): void => lapsing.abort();
  if (connection.lost.aborted) lapse();
  connection.lost.addEventListener('abort', lapse);
  /** A journal of these tokens that was there before ours: an answer that was lost stays lost. */
  let earlier: Pending | undefined;
  let hasJournalled = false;

  const note = (statement: string, ...values: unknown[]) => ask(site, 'store_unwritable', statement, values);

  /** Nothing may be sent by who cannot tell whether the lock is still theirs. */
  const unlessLost = (error: unknown): Observable<never> =>
    defer(() => connection.query(statements.isHeld, [key])).pipe(
      map(([row]) => {
        if (row?.['yes'] !== true) lapse();
      }),
      catchError(() => of(lapse())),
      concatMap(() => throwError(() => error)),
    );

  const lease: Lease = {
    signal: lapsing.signal,
    remainingMs: () => (lapsing.signal.aborted ? 0 : Infinity),
    prepare: (held, _version, sentAt, until) =>
      defer(() => {
        const pending: Pending = { pair: pairFingerprint(held), sentAt, until, by: lock.by };
        hasJournalled = true;
        return note(statements.journal, lock.lease, JSON.stringify(pending), lock.pid).pipe(
          map(([row]) => {
            // in one statement, so on one and the same server: the record is there, and the lock ours
            if (!row) throw new StoreError('store_unwritable', 'The lock is lost, or the record is gone');
            const { pending: before } = notesIn(row);
            if (before?.pair === pending.pair) earlier ??= before;
          }),
          catchError(unlessLost),
        );
      }),
    acquit: (isGranted) =>
      note(statements.acquit, lock.lease, earlier && !isGranted ? JSON.stringify(earlier) : null),
    condemn: (held) => note(statements.condemn, tokenFingerprint(held)),
  };
  return {
    lease,
    end() {
      connection.lost.removeEventListener('abort', lapse);
      if (!hasJournalled) lock.release();
      else if (!connection.lost.aborted) lock.release([statements.leave, [key, lock.lease]]);
      else {
        note(statements.leave, lock.lease).subscribe({ error: noop }); // we live, and nothing more will come
        lock.release();
      }
    },
  };
}
