import type { Credentials } from './credentials.js';
import { lifetimeMsFrom } from './tokenResponse.js';

/** The instant at which the access token truly ends; `Infinity` where nobody has said. */
export function endsAt(credentials: Credentials): number {
  return credentials.expires_at ?? Infinity;
}

/** Never more than half of the lifetime, so that a token shorter than the skew is not refreshed on every call. */
function effectiveSkewMs(credentials: Credentials, skewMs: number): number {
  return Math.min(skewMs, (lifetimeMsFrom(credentials.expires_in) ?? Infinity) / 2);
}

/** The instant until which the token is valid (rule 1): its end, less the skew. */
export function validUntil(credentials: Credentials, skewMs: number): number {
  return endsAt(credentials) - effectiveSkewMs(credentials, skewMs);
}

/**
 * True while the token is valid and stays so for `minValidityMs`. That is at most nine tenths of a lifetime,
 * or a caller who asks for more than the provider gives would refresh on every call.
 */
export function isValid(credentials: Credentials, now: number, skewMs: number, minValidityMs = 0): boolean {
  const askedMs = Math.min(minValidityMs, 0.9 * (lifetimeMsFrom(credentials.expires_in) ?? Infinity));
  return now < validUntil(credentials, skewMs) && now + askedMs < endsAt(credentials);
}
