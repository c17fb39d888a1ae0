import { EMPTY, fromEvent, ignoreElements, startWith, tap, throwError, type Observable } from 'rxjs';

/** Never emits; errors with the signal's reason when it aborts. Stops listening when unsubscribed. */
export function abortOf(signal: AbortSignal | null | undefined): Observable<never> {
  if (!signal) return EMPTY;
  // Whoever passes the controller itself is told so, by the promise like everybody.
  if (!(signal as Partial<AbortSignal>).addEventListener)
    return throwError(() => new TypeError('signal must be an AbortSignal'));
  return fromEvent(signal, 'abort').pipe(
    startWith(null),
    tap(() => {
      if (signal.aborted) throw signal.reason; // throwIfAborted() is younger than signals are
    }),
    ignoreElements(),
  );
}
