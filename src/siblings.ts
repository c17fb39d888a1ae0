import {
  audit,
  catchError,
  EMPTY,
  NEVER,
  of,
  switchMap,
  take,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Held } from './held.js';
import { silently } from './silently.js';

/**
 * Never emits and never errors: re-reads for the hints of a store, once for however many come
 * while a refresh is under way, and when that is over: the refresh re-reads anyway.
 *
 * @param reread$ reads the store once and adopts what is newer there; reports its own failure
 * @param scheduler for what need not keep a process alive
 */
export function siblings(
  changes$: Observable<unknown>,
  held$: Observable<Held>,
  reread$: Observable<unknown>,
  scheduler: SchedulerLike,
): Observable<never> {
  const idle$ = held$.pipe(
    // when a flight has ended, those who waited for it come first
    switchMap(({ refreshing }, nth) => (refreshing ? NEVER : nth ? timer(0, scheduler) : of(0))),
    take(1),
  );
  return changes$.pipe(
    catchError(() => EMPTY),
    audit(() => idle$),
    switchMap(() => silently(reread$)),
  );
}
