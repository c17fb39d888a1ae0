import { catchError, EMPTY, ignoreElements, type Observable } from 'rxjs';

/** Never emits and never errors: for work whose outcome is told elsewhere, or does not matter. */
export function silently(work$: Observable<unknown>): Observable<never> {
  return work$.pipe(
    ignoreElements(),
    catchError(() => EMPTY),
  );
}
