import { RefreshRejectedError, RefreshUnavailableError, type TokenError } from '../errors.js';

/** How often to ask, and how long to wait for the next time. */
export interface Poll {
  readonly intervalMs: number;
  readonly waitMs: number;
}

/** RFC 8628 §3.5. */
const SLOWER_MS = 5_000;
const MAX_BACKOFF_MS = 60_000;
const BUSY = /^(temporarily_unavailable|server_error)$/;

const SAID: Readonly<Record<string, string>> = {
  access_denied: 'The user has refused',
  expired_token: 'The code has expired',
};

/** The end of a sign-in: this code leads nowhere any more. */
export function signInRefused(error: string, status?: number): RefreshRejectedError {
  const message = `${SAID[error] ?? `The provider has refused (${error})`}. Start the sign-in again`;
  return Object.assign(new RefreshRejectedError({ error, status }), { message });
}

/**
 * What follows on a poll that brought no token: another one, later if the server asks for that or does not answer.
 *
 * @throws TokenError where there is nothing to wait for
 */
export function nextPoll({ intervalMs, waitMs }: Poll, outcome: TokenError): Poll {
  const { error, status = 0 } = outcome;
  if (error === 'authorization_pending') return { intervalMs, waitMs: intervalMs };
  if (error === 'slow_down') {
    const slower = intervalMs + SLOWER_MS;
    return { intervalMs: slower, waitMs: slower };
  }
  if (outcome instanceof RefreshRejectedError) throw signInRefused(error ?? 'invalid_grant', status);
  if (!(outcome instanceof RefreshUnavailableError)) throw outcome;
  const isRefusal = status < 400 ? error !== undefined : status < 500 && status !== 408 && status !== 429;
  if (isRefusal && !BUSY.test(error ?? ''))
    throw error === undefined ? outcome : signInRefused(error, status);
  const backoffMs = Math.max(intervalMs, Math.min(waitMs * 2, MAX_BACKOFF_MS));
  return { intervalMs, waitMs: Math.max(backoffMs, outcome.retryAfterMs ?? 0) };
}
