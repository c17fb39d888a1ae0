import { isObservable, Observable } from 'rxjs';

/** Knows whether a callback is being called right now, or what it returned subscribed to. */
export interface Asking {
  readonly isAsking: boolean;
  /** The same callback, known about. */
  watched<A extends unknown[], R>(callback: ((...given: A) => R) | undefined): typeof callback;
  /** The same answer to a request of a callback: what the callback does with it is known about, too. */
  answered<T>(answer$: Observable<T>): Observable<T>;
}

/**
 * Tells requests that a callback makes from all others: they are what the token comes from, and must not wait for
 * it. What a callback does after an `await`, or another wait of its own, cannot be told.
 */
export function createAsking(): Asking {
  let isAsking = false;
  function as<R>(asking: boolean, work: () => R): R {
    const before = isAsking;
    isAsking = asking;
    try {
      return work();
    } finally {
      isAsking = before;
    }
  }
  /** Subscribed to as of a callback; what comes of it is told as of one, or as of anybody. */
  const asked = <T>(source$: Observable<T>, telling: boolean): Observable<T> =>
    new Observable((subscriber) =>
      as(true, () =>
        source$.subscribe({
          next: (value) => as(telling, () => subscriber.next(value)),
          error: (error: unknown) => as(telling, () => subscriber.error(error)),
          complete: () => as(telling, () => subscriber.complete()),
        }),
      ),
    );
  return {
    get isAsking() {
      return isAsking;
    },
    watched(callback) {
      if (typeof callback !== 'function') return callback;
      return (...given) => {
        const result = as(true, () => callback(...given));
        return isObservable(result) ? (asked(result, false) as typeof result) : result;
      };
    },
    answered: (answer$) => asked(answer$, true),
  };
}
