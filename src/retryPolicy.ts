import { ConfigurationError, RefreshUnavailableError, type TokenError } from './errors.js';

const FASTEST_MS = 500;
const SLOWEST_MS = 60_000;
/** A provider that asks for more is asked again all the same: nobody waits a day for a typing error. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** How long to wait after the `attempt`th failure in a row (from 1), in ms; `random` is in [0, 1). */
export type RetryPolicy = (attempt: number, error: TokenError, random: () => number) => number;

/** Jittered exponential, 0.5 s to 60 s; the slowest at once where only a person can help. */
export const defaultRetry: RetryPolicy = (attempt, error, random) => {
  if (error instanceof ConfigurationError) return SLOWEST_MS;
  const ceiling = Math.min(SLOWEST_MS, 2 * FASTEST_MS * 2 ** (attempt - 1));
  return ceiling * (0.5 + random() / 2);
};

/** When to try again: as `retry` says, and never before the provider's `Retry-After` (an hour at most). */
export function retryAtAfter(
  error: TokenError,
  attempt: number,
  now: number,
  retry: RetryPolicy,
  random: () => number,
): number {
  const delayMs = chosenDelayMs(retry, attempt, error, random) ?? defaultRetry(attempt, error, random);
  const askedMs = error instanceof RefreshUnavailableError ? (error.retryAfterMs ?? 0) : 0;
  return Math.round(now + Math.max(delayMs, Math.min(askedMs, LONGEST_RETRY_AFTER_MS)));
}

/** What a policy that throws, or answers no delay, has chosen is nothing. */
function chosenDelayMs(retry: RetryPolicy, ...failure: Parameters<RetryPolicy>): number | undefined {
  try {
    const chosen = retry(...failure);
    return chosen >= 0 && chosen < Infinity ? chosen : undefined;
  } catch {
    return undefined;
  }
}
