/** What callers of `getValidToken()` met. */
export interface Calls {
  readonly served: number;
  /** Rejected. */
  readonly refused: number;
  /** Those whom memory alone could not answer. */
  readonly waited: number;
  readonly longestWaitMs: number;
}

export const NO_CALLS: Calls = { served: 0, refused: 0, waited: 0, longestWaitMs: 0 };

export function addCalls(a: Calls, b: Calls): Calls {
  return {
    served: a.served + b.served,
    refused: a.refused + b.refused,
    waited: a.waited + b.waited,
    longestWaitMs: Math.max(a.longestWaitMs, b.longestWaitMs),
  };
}
