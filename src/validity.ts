import type { Credentials } from './credentials.js';
import { lifetimeMsFrom } from './tokenResponse.js';

/** The instant at which the access token truly ends; `Infinity` where nobody has said. */
export function endsAt(credentials: Credentials): number {
  return credentials.expires_at ?? Infinity;
}

function lifetimeMsOf(credentials: Credentials): number {
  return lifetimeMsFrom(credentials.expires_in) ?? Infinity;
}

/**
 * The instant until which the token is valid (rule 1): its end, less the skew. That is never more than half of
 * the lifetime, so that a token shorter than the skew is not refreshed on every call.
 */
export function validUntil(credentials: Credentials, skewMs: number): number {
  return endsAt(credentials) - Math.min(skewMs, lifetimeMsOf(credentials) / 2);
}

/**
 * True while the token is valid and stays so for `minValidityMs`. That is at most nine tenths of a lifetime,
 * or a caller who asks for more than the provider gives would refresh on every call.
 */
export function isValid(credentials: Credentials, now: number, skewMs: number, minValidityMs = 0): boolean {
  const askedMs = Math.min(minValidityMs, 0.9 * lifetimeMsOf(credentials));
  return now < validUntil(credentials, skewMs) && now + askedMs < endsAt(credentials);
}
