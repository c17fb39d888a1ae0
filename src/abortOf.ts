import { EMPTY, fromEvent, map, of, type Observable } from 'rxjs';

/** Never emits; errors with the signal's reason when it aborts. Stops listening when unsubscribed. */
export function abortOf(signal: AbortSignal | undefined): Observable<never> {
  if (!signal) return EMPTY;
  const aborted$: Observable<unknown> = signal.aborted ? of(null) : fromEvent(signal, 'abort');
  return aborted$.pipe(
    map((): never => {
      throw signal.reason;
    }),
  );
}
