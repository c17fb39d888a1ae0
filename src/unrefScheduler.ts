import { asyncScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

class UnrefAction<T> extends Subscription implements SchedulerAction<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly work: (this: SchedulerAction<T>, state?: T) => void) {
    super(() => clearTimeout(this.timer));
  }

  schedule(state?: T, delay = 0): Subscription {
    clearTimeout(this.timer);
    if (this.closed) return this;
    this.timer = setTimeout(() => this.work(state), delay);
    (this.timer as { unref?: () => void }).unref?.(); // a number in browsers, where nothing is kept alive
    return this;
  }
}

/** The `asyncScheduler` for what must not keep a Node process alive (RxJS keeps its own timers to itself). */
export const unrefScheduler: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription {
    return new UnrefAction(work as (this: SchedulerAction<T>, state?: T) => void).schedule(state, delay);
  },
};
