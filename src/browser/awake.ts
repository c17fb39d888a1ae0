import { delay, timer, type Observable, type SchedulerLike } from 'rxjs';

/** A page that has slept for longer than it waits may have what it waits for on the way; in real time. */
const AWAKE_MS = 250;

/** Emits after `ms`, but not before the page has been awake for a moment, and completes. */
export function awake(ms: number, scheduler: SchedulerLike): Observable<unknown> {
  return timer(ms, scheduler).pipe(delay(AWAKE_MS));
}
