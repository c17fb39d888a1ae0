import { isObservable, Observable } from 'rxjs';

/** Knows whether a callback is being called right now, or what it returned subscribed to. */
export interface Asking {
  readonly isAsking: boolean;
  /** The same callback, known about. */
  watched<A extends unknown[], R>(callback: ((...given: A) => R) | undefined): typeof callback;
}

/**
 * Tells requests that a callback makes from all others: they are what the token comes from, and must not wait for
 * it. What a callback does after an `await` cannot be told.
 */
export function createAsking(): Asking {
  let depth = 0;
  function during<R>(work: () => R): R {
    depth++;
    try {
      return work();
    } finally {
      depth--;
    }
  }
  return {
    get isAsking() {
      return depth > 0;
    },
    watched(callback) {
      if (typeof callback !== 'function') return callback;
      return (...given) => {
        const result = during(() => callback(...given));
        if (!isObservable(result)) return result;
        return new Observable((subscriber) => during(() => result.subscribe(subscriber))) as typeof result;
      };
    },
  };
}
