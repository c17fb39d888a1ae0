import { defer, noop, Observable } from 'rxjs';
import type { CredentialLock, Lease } from '../contracts.js';
import type { LockManagerLike } from './platform.js';
import { storageError } from './storageError.js';
import type { Tenure } from './tabLease.js';

/**
 * The refresh lock as a Web Lock: freed by the browser when its holder's page ends, never stolen, not even from a
 * frozen one.
 *
 * @param away$ emits when this page is about to go: one that is kept for the way back must not keep a lock
 */
export function webLock(
  locks: LockManagerLike,
  name: string,
  away$: Observable<unknown>,
  leaseOn: (tenure: Tenure) => Lease,
  holder: NonNullable<CredentialLock['holder']>,
): CredentialLock {
  return {
    lossy: false,
    holder,
    hold: (critical) =>
      new Observable((subscriber) => {
        const left = new AbortController();
        const lost = new AbortController();
        let free: () => void = noop;

        /** Whoever comes back must not send: others were let in. */
        const lose = (): void => {
          lost.abort();
          free();
        };
        const granted = (): Promise<void> | undefined => {
          if (subscriber.closed) return undefined;
          const ended = new Promise<void>((resolve) => (free = resolve));
          const lease = leaseOn({
            signal: lost.signal,
            remainingMs: () => (lost.signal.aborted ? 0 : Infinity),
          });
          subscriber.add(away$.subscribe(lose));
          defer(() => critical(lease)).subscribe(subscriber);
          return ended;
        };
        locks.request(name, { signal: left.signal }, granted).catch((error: unknown) => {
          if (free === noop)
            subscriber.error(storageError('store_unwritable', `the Web Lock ${name}`, error));
          else lose();
        });
        return () => {
          left.abort();
          free();
        };
      }),
  };
}
