import { EMPTY, Observable } from 'rxjs';

/** Never emits; errors with the signal's reason when it aborts. Stops listening when unsubscribed. */
export function abortOf(signal: AbortSignal | undefined): Observable<never> {
  if (!signal) return EMPTY;
  return new Observable((subscriber) => {
    const abort = (): void => subscriber.error(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
}
