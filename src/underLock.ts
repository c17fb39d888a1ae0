import { catchError, defer, first, map, of, startWith, timeout, type Observable } from 'rxjs';
import { checkedLease, type CheckedLease } from './checkedStore.js';
import type { Settings } from './config.js';
import { LockTimeoutError } from './errors.js';

/** How long it may take to tell who holds the lock. */
const HOLDER_MS = 1000;

/**
 * Runs `critical` under the refresh lock: emits `null` when inside, then what it emits. Errors with a
 * {@link LockTimeoutError} that says who held the lock, when it was not to be had within `lockTimeoutMs`.
 * Unsubscribing before that gives the wait up.
 */
export function underLock<T>(
  settings: Settings,
  critical: (lease: CheckedLease) => Observable<T>,
): Observable<T | null> {
  const { scheduler, lockTimeoutMs } = settings;
  const { lock } = settings.store;
  const timedOut$ = defer(() => lock.holder?.() ?? of(null)).pipe(
    first(null, null),
    timeout({ first: HOLDER_MS, scheduler }),
    map((holder) => (holder ? ` by ${holder.by} since ${new Date(holder.since).toISOString()}` : '')),
    catchError(() => of('')),
    map((who) => {
      throw new LockTimeoutError(`The refresh lock was held${who}`);
    }),
  );
  return lock
    .hold((lease) => critical(checkedLease(lease, settings)).pipe(startWith(null))) // in time, however long the rest takes
    .pipe(timeout({ first: lockTimeoutMs, scheduler, with: () => timedOut$ }));
}
