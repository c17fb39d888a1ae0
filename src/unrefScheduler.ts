import { asyncScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

/**
 * The `asyncScheduler` for what must not keep a Node process alive; RxJS keeps its own timers to itself. For
 * single delays, as `timer(ms)` asks for them: an action cannot be scheduled again.
 */
export const unrefScheduler: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription {
    const action = new Subscription();
    const timer: unknown = setTimeout(() => work.call(action as SchedulerAction<T>, state as T), delay);
    (timer as { unref?: () => void }).unref?.(); // a number in browsers, where nothing is kept alive
    action.add(() => clearTimeout(timer as number));
    return action;
  },
};

/** The same world for work that must not keep a process alive: real time is counted by timers that do not. */
export function backgroundOf(scheduler: SchedulerLike): SchedulerLike {
  return scheduler === asyncScheduler ? unrefScheduler : scheduler;
}
