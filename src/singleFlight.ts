import { Observable, shareReplay, takeLast, type MonoTypeOperatorFunction, type Subscriber } from 'rxjs';

/**
 * Shares one running subscription to the source among all who subscribe while it runs, and starts anew for
 * whoever comes after it has settled. Once started it always runs to its end: leaving detaches only the one
 * who leaves. Emits the source's last value when the source completes, and completes; or errors with it.
 *
 * ```
 * source       ---r|
 * first   ^-------(r|)
 * second     ^----(r|)          boards the same flight
 * third               ^---(r|)  a new flight: neither an old value nor an error is ever replayed
 * ```
 */
export function singleFlight<T>(): MonoTypeOperatorFunction<T> {
  return (source) => {
    let flight: Set<Subscriber<T>> | undefined;

    function depart(aboard: Set<Subscriber<T>>): void {
      const land = (tell: (waiter: Subscriber<T>) => void): void => {
        // Before anyone is told: a waiter that calls back must not find the flight that has just ended.
        if (flight === aboard) flight = undefined;
        aboard.forEach(tell);
      };
      // One subscriber of the `shareReplay` tells all waiters: leaving a `Set` is O(1), where a hundred
      // thousand subscribers that leave a `Subject` one by one are O(n²).
      source.pipe(takeLast(1), shareReplay(1)).subscribe({
        next: (value) => land((waiter) => waiter.next(value)),
        error: (error: unknown) => land((waiter) => waiter.error(error)),
        complete: () => land((waiter) => waiter.complete()),
      });
    }

    return new Observable<T>((waiter) => {
      const boards = flight;
      const aboard = boards ?? (flight = new Set());
      aboard.add(waiter);
      if (!boards) depart(aboard);
      return () => aboard.delete(waiter);
    });
  };
}
