import { dematerialize, materialize, type Observable, switchMap } from 'rxjs';

/**
 * Does some work with a resource, and gives the resource back when the work is over. The resource is an
 * observable that emits it, never completes, and tears it down when unsubscribed.
 *
 *     resource$              --r--------
 *     work(r)                   -a-b-|
 *     hold(resource$, work)  ---a-b-|
 *     subscription           ^------!
 */
export function hold<R, T>(resource$: Observable<R>, work: (resource: R) => Observable<T>): Observable<T> {
  return resource$.pipe(
    switchMap((resource) => work(resource).pipe(materialize())), // the end of the work, as a value…
    dematerialize(), // …ends the whole
  );
}
