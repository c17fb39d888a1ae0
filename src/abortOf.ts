import { EMPTY, fromEvent, ignoreElements, startWith, tap, type Observable } from 'rxjs';

/** Never emits; errors with the signal's reason when it aborts. Stops listening when unsubscribed. */
export function abortOf(signal: AbortSignal | undefined): Observable<never> {
  if (!signal) return EMPTY;
  return fromEvent(signal, 'abort').pipe(
    startWith(null),
    tap(() => {
      if (signal.aborted) throw signal.reason; // throwIfAborted() is younger than signals are
    }),
    ignoreElements(),
  );
}
