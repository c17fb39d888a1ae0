import type { Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { RefreshRejectedError, StoreError, type TokenError } from './errors.js';

/** What stands in the way of the next refresh. */
export interface Failure {
  readonly error: TokenError;
  /** How many failures in a row, this one included. */
  readonly attempt: number;
  /** Epoch ms before which nobody here sends a request. */
  readonly retryAt: number;
}

/** All that a manager knows, in one value: everything it shows is derived from this. */
export interface Held {
  /** `undefined` until the store has answered. */
  readonly snapshot: Snapshot | undefined;
  readonly failure: Failure | null;
  readonly refreshing: boolean;
  /** Signed out, as opposed to never signed in: only an explicit call acquires credentials again. */
  readonly signedOut: boolean;
  /** Epoch ms of this manager's own last refresh. */
  readonly refreshedAt: number;
  /** In [0, 1), drawn once for each new token: this manager's place in the jitter window. */
  readonly jitter: number;
}

export const nothingYet: Held = {
  snapshot: undefined,
  failure: null,
  refreshing: false,
  signedOut: false,
  refreshedAt: -Infinity,
  jitter: 0,
};

export function credentialsOf(held: Held): Credentials | null {
  return held.snapshot?.credentials ?? null;
}

/** For user interfaces and health checks. Holds no token. */
export type TokenState =
  | { readonly status: 'loading' }
  | { readonly status: 'signed-out' }
  | { readonly status: 'valid' }
  | { readonly status: 'refreshing' }
  | {
      readonly status: 'retrying';
      readonly error: TokenError;
      readonly attempt: number;
      readonly retryAt: number;
    }
  | { readonly status: 'reauthentication-required'; readonly error: TokenError }
  | { readonly status: 'unavailable'; readonly error: TokenError };

/** The one state that a manager is in; what needs a person comes before what passes by itself. */
export function toState({ snapshot, failure, refreshing }: Held): TokenState {
  if (failure?.error instanceof RefreshRejectedError && snapshot?.credentials) {
    return { status: 'reauthentication-required', error: failure.error };
  }
  if (refreshing) return { status: 'refreshing' };
  if (failure?.error instanceof StoreError) return { status: 'unavailable', error: failure.error };
  if (failure) return { status: 'retrying', ...failure };
  if (!snapshot) return { status: 'loading' };
  return { status: snapshot.credentials ? 'valid' : 'signed-out' };
}

export function sameState(a: TokenState, b: TokenState): boolean {
  return a.status === b.status && ('error' in a ? a.error : null) === ('error' in b ? b.error : null);
}
