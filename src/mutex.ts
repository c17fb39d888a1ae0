import { defer, finalize, Observable, queueScheduler, tap } from 'rxjs';

/** Runs `critical` when all who asked before are done. */
export type Mutex = <T>(critical: () => Observable<T>) => Observable<T>;

/**
 * Mutual exclusion within this process, first come, first served. A free mutex starts synchronously; it is
 * free again before the end of `critical` is passed on; unsubscribing leaves the queue, or frees it.
 */
export function createMutex(): Mutex {
  const waiting = new Set<() => void>();
  let isHeld = false;

  function next(): void {
    const [first] = waiting;
    if (isHeld || !first) return;
    isHeld = true;
    waiting.delete(first);
    first();
  }

  return (critical) =>
    new Observable((subscriber) => {
      let isInside = false;
      const leave = (): void => {
        if (!isInside) return;
        isInside = isHeld = false;
        queueScheduler.schedule(next); // not from within: a thousand waiters would be a thousand frames deep
      };
      const enter = (): void => {
        isInside = true;
        const inside$ = defer(critical).pipe(tap({ error: leave, complete: leave }), finalize(leave));
        inside$.subscribe(subscriber);
      };
      waiting.add(enter);
      next();
      return () => waiting.delete(enter);
    });
}
