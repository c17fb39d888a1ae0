import type { Snapshot } from './contracts.js';
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
export interface Held extends Partial<Snapshot> {
  // `credentials`: `undefined` until the store has answered, `null` when signed out.
  readonly failure?: Failure | undefined;
  readonly refreshing?: boolean;
  /** Signed out, as opposed to never signed in: only an explicit call acquires credentials again. */
  readonly signedOut?: boolean;
  /** Epoch ms of this manager's own last refresh. */
  readonly refreshedAt?: number | undefined;
  /** In [0, 1), drawn once for each new token: this manager's place in the jitter window. */
  readonly jitter?: number | undefined;
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
export function toState({ credentials, failure, refreshing }: Held): TokenState {
  const error = failure?.error;
  if (credentials && error instanceof RefreshRejectedError)
    return { status: 'reauthentication-required', error };
  if (refreshing) return { status: 'refreshing' };
  if (error instanceof StoreError) return { status: 'unavailable', error };
  if (failure) return { status: 'retrying', ...failure };
  return { status: credentials ? 'valid' : credentials === null ? 'signed-out' : 'loading' };
}

export function sameState(a: TokenState, b: TokenState): boolean {
  return a.status === b.status && (a as Partial<Failure>).error === (b as Partial<Failure>).error;
}
