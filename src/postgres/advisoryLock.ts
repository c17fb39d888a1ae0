import { concatMap, defer, finalize, map, Observable, repeat, take } from 'rxjs';
import type { CredentialLock } from '../contracts.js';
import { attempt, type HeldLock } from './heldLock.js';
import { leaseOf } from './postgresLease.js';
import { ask, type Site } from './site.js';

/**
 * The refresh lock: an advisory lock that goes with a transaction, on a connection of its own. It is held for as
 * long as that connection lasts, which is as long as its holder does: a process that is stopped keeps it.
 *
 * What a server cannot tell from the end of a process is the end of a connection, as when the server itself is
 * restarted. Then the lease of who thought to hold the lock says so, and the next holder waits a little for
 * whatever the other one may have sent for.
 */
export function advisoryLock(site: Site): CredentialLock {
  return {
    lossy: false,
    hold: (critical) =>
      defer(() =>
        site.shared.inTurn(`${site.table.quoted} ${site.key}`, () =>
          taken(site).pipe(
            concatMap((lock) => {
              const { lease, end } = leaseOf(lock, site);
              return defer(() => critical(lease)).pipe(finalize(end));
            }),
          ),
        ),
      ),
    holder: () =>
      ask(site, 'store_unreadable', site.statements.holder).pipe(
        map(([row]) => (row ? { by: String(row['by']), since: Number(row['since']) } : null)),
      ),
  };
}

/**
 * Emits the lock, once it is ours, to whoever will let it go. Waits in slices, each of which gives its place
 * back: who waits long does not keep the refreshes of other keys from a connection.
 */
function taken(site: Site): Observable<HeldLock> {
  return site.shared.slot$.pipe(
    concatMap((leaveSlot) => slice(site, leaveSlot)),
    repeat(),
    take(1),
  );
}

/** Emits the lock, or nothing, when it could not be had in that time. Who has left by then is not given it. */
function slice(site: Site, leaveSlot: () => void): Observable<HeldLock> {
  return new Observable((subscriber) => {
    attempt(site, () => subscriber.closed, leaveSlot).then(
      (lock) => {
        if (subscriber.closed) lock?.release();
        else if (lock) subscriber.next(lock);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}
