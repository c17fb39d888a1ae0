import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';

export interface UnevenClock extends SchedulerLike {
  /** The clock moves by so much, forwards or backwards, and no timer notices: as when a laptop has slept. */
  step(ms: number): void;
  /** Every delay that was asked of the scheduler, in ms. */
  readonly asked: readonly number[];
}

/** A scheduler with a clock of its own, apart from that of its timers. */
export function unevenClock(timers: SchedulerLike, aheadMs = 0): UnevenClock {
  const asked: number[] = [];
  let ahead = aheadMs;
  return {
    asked,
    now: () => timers.now() + ahead,
    step: (ms) => void (ahead += ms),
    schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
      asked.push(delay);
      return timers.schedule(work, delay, state as T);
    },
  };
}
