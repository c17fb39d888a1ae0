import { exhaustMap, filter, map, NEVER, switchMap, type Observable, type SchedulerLike } from 'rxjs';
import { wakeAt, type Terms } from './decide.js';
import type { Held } from './held.js';
import { silently } from './silently.js';
import { timerAt } from './timerAt.js';

/**
 * Never emits: refreshes, while subscribed, whenever what is held says that it is time.
 *
 * ```
 * held      A-----------------B------------
 * timer     ------- dueAt|    ------- dueAt|
 * attempt$               ^----B
 * ```
 *
 * @param attempt$ the flight; it reports its own failure and moves the next wake-up
 */
export function proactive(
  held$: Observable<Held>,
  terms: Terms,
  attempt$: Observable<unknown>,
  scheduler: SchedulerLike,
): Observable<never> {
  return held$.pipe(
    filter(({ refreshing }) => !refreshing),
    map((held) => wakeAt(held, terms)),
    switchMap((at) => (at === Infinity ? NEVER : timerAt(at, scheduler))),
    exhaustMap(() => silently(attempt$)),
  );
}
