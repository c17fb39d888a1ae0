import { Observable } from 'rxjs';

/** Runs the source in one tab at a time: in the next one when this one is gone. */
export function inTurn<T>(name: string, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    navigator.locks
      .request(name, { signal }, () => {
        subscriber.add(source$.subscribe(subscriber));
        return gone;
      })
      .catch((error: unknown) => subscriber.error(error)); // after leaving, nobody is there to hear it
    return () => leaving.abort();
  });
}
