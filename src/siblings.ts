import { audit, catchError, EMPTY, first, switchMap, type Observable } from 'rxjs';
import type { Held } from './held.js';
import { silently } from './silently.js';

/**
 * Never emits and never errors: re-reads for the hints of a store, once for however many come
 * while a refresh is under way, and when that is over: the refresh re-reads anyway.
 *
 * @param reread$ reads the store once and adopts what is newer there; reports its own failure
 */
export function siblings(
  changes$: Observable<unknown>,
  held$: Observable<Held>,
  reread$: Observable<unknown>,
): Observable<never> {
  const idle$ = held$.pipe(first(({ refreshing }) => !refreshing));
  return changes$.pipe(
    catchError(() => EMPTY),
    audit(() => idle$),
    switchMap(() => silently(reread$)),
  );
}
