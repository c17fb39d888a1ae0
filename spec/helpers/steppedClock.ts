import { asyncScheduler, type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Real time, with a hand on the clock. */
export interface SteppedClock extends SchedulerLike {
  /** So much time passes at once: every timer that is due by then fires, in order, each at its own time. */
  step(ms: number): void;
}

export function steppedClock(): SteppedClock {
  const pending = new Set<{ readonly dueAt: number; fire(): void }>();
  let ahead = 0;
  const now = () => asyncScheduler.now() + ahead;
  return {
    now,
    schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription {
      const action = new Subscription();
      const entry = {
        dueAt: now() + delay,
        fire: () => {
          pending.delete(entry);
          timer.unsubscribe();
          if (!action.closed) work.call(action as SchedulerAction<T>, state as T);
        },
      };
      const timer = asyncScheduler.schedule(entry.fire, delay);
      pending.add(entry);
      action.add(() => {
        timer.unsubscribe();
        pending.delete(entry);
      });
      return action;
    },
    step(ms) {
      const end = now() + ms;
      for (;;) {
        const [first] = [...pending].sort((a, b) => a.dueAt - b.dueAt);
        if (!first || first.dueAt > end) break;
        ahead += Math.max(0, first.dueAt - now());
        first.fire();
      }
      ahead += Math.max(0, end - now());
    },
  };
}
