import { defer, first, repeat, timer, type Observable, type SchedulerLike } from 'rxjs';

/** No timer sleeps longer: it bounds the delay after a suspend or a stepped clock, and stays below 2³¹ ms. */
const MAX_NAP_MS = 60_000;

/**
 * Emits once, at the first wake-up at which the scheduler's clock has reached `dueAt` (epoch ms), then
 * completes. Asks the scheduler for naps of at most {@link MAX_NAP_MS} and decides by the clock, not by
 * having been woken.
 */
export function timerAt(dueAt: number, scheduler: SchedulerLike): Observable<unknown> {
  const nap$ = defer(() => timer(Math.min(dueAt - scheduler.now(), MAX_NAP_MS), scheduler));
  return nap$.pipe(
    repeat(),
    first(() => scheduler.now() >= dueAt),
  );
}
