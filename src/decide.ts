import type { Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import {
  isLost,
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
  type TokenError,
} from './errors.js';
import type { Held } from './held.js';
import type { ReusePolicy } from './profile.js';
import { endsAt, isValid, validUntil } from './validity.js';

/** The numbers and facts of a configuration that decisions are made by. */
export interface Terms {
  readonly skewMs: number;
  readonly refreshAheadMs: number;
  readonly jitterMs: number;
  readonly reuse: ReusePolicy;
  /** Whether there is something to call when nobody is signed in. */
  readonly canAcquire: boolean;
}

/** What one caller asks for. */
export interface Caller {
  /** How long the token has to last, in ms. */
  readonly minValidityMs: number;
  /** Until when, epoch ms, the caller waits for a next attempt. */
  readonly waitsUntil: number;
  /** An access token that a server has refused. */
  readonly rejected?: string | undefined;
}

/** Two proactive refreshes are never closer. */
const MIN_INTERVAL_MS = 1000;

/** Until when callers are served without another thought; from then on a refresh is welcome. */
export function freshUntil({ credentials }: Held, terms: Terms): number {
  return credentials ? validUntil(credentials, terms.skewMs) - terms.refreshAheadMs : -Infinity;
}

/** Rule 3: what is served when no refresh can be had is a token that has not ended, nor will too soon. */
export function isEnough(credentials: Credentials, now: number, caller: Caller): boolean {
  return isValid(credentials, now, 0, caller.minValidityMs);
}

/** Until when no request may be sent: an attempt has failed (rule 7), or a lost one is best repeated late. */
export function blockedUntil(held: Held, terms: Terms): number {
  return Math.max(held.failure?.retryAt ?? -Infinity, lateAt(held, terms));
}

/**
 * After a lost answer, a token whose reuse may cost the grant waits until the access token has ended (rule 13).
 */
function lateAt({ credentials, failure }: Held, terms: Terms): number {
  const isRisky = terms.reuse === 'strict' || terms.reuse === 'unknown';
  return credentials && isRisky && isLost(failure?.error) ? endsAt(credentials) : -Infinity;
}

/**
 * Rules 1, 3 and 7, for one caller: the credentials to serve, the instant to wait for, the error to fail
 * with, or `null` for a refresh.
 */
export function decide(
  held: Held,
  terms: Terms,
  now: number,
  caller: Caller,
): Credentials | number | TokenError | null {
  const { credentials, failure } = held;
  if (!credentials && !terms.canAcquire) return new NoCredentialsError();
  const skewMs = now < blockedUntil(held, terms) ? 0 : terms.skewMs;
  if (credentials && isValid(credentials, now, skewMs, caller.minValidityMs)) return credentials;
  if (!failure || now >= failure.retryAt) return null;
  return failure.retryAt <= caller.waitsUntil ? failure.retryAt : failure.error;
}

/** True when a subscriber may be told the token: it is valid, or the best there is and not over. */
export function isServable({ credentials, failure }: Held, terms: Terms, now: number): boolean {
  return !!credentials && isValid(credentials, now, failure ? 0 : terms.skewMs);
}

/** When the proactive timer tries next: an instant (epoch ms), or `Infinity` for not by itself. */
export function wakeAt(held: Held, terms: Terms): number {
  const { credentials, failure, refreshedAt = -Infinity, jitter = 0 } = held;
  // What trying again does not mend: a refused sign-in, a bug in a callback.
  if (failure?.error instanceof RefreshRejectedError || failure?.error.code === 'callback_failed')
    return Infinity;
  const mayTryAt = blockedUntil(held, terms);
  if (credentials === undefined) return failure ? mayTryAt : Infinity;
  if (!credentials) return terms.canAcquire && !held.signedOut ? mayTryAt : Infinity;
  const dueAt = freshUntil(held, terms) - jitter * terms.jitterMs;
  return Math.max(dueAt, refreshedAt + MIN_INTERVAL_MS, mayTryAt);
}

/**
 * Rules 11 to 13, under the lock: what a flight that set out to replace `stale` does with what it found in
 * the store, or the error that it fails with.
 */
export function judge(
  { credentials, dead, pending }: Snapshot,
  stale: Credentials | null,
  terms: Terms,
  now: number,
): 'adopt' | 'send' | TokenError {
  if (!credentials) return stale || !terms.canAcquire ? 'adopt' : 'send';
  const isOther = credentials.access_token !== stale?.access_token;
  // Some providers give the same again, for longer; what a server has refused is no better for that.
  const isLonger = !!stale?.expires_at && endsAt(credentials) > stale.expires_at;
  if ((isOther || isLonger) && isValid(credentials, now, terms.skewMs)) return 'adopt';
  if (dead) return new RefreshRejectedError({}, pending?.sentAt);
  const isHarmless = terms.reuse === 'harmless' || isWithinGrace(pending?.sentAt, terms.reuse, now);
  if (!pending || isHarmless || hasEnded(credentials, stale, now)) return 'send';
  return new RefreshUnavailableError('An earlier answer was lost', { ambiguous: true });
}

/** Nothing can wait any more: the stored token has ended, or a server rejected it, which only we may know. */
export function hasEnded(stored: Credentials, stale: Credentials | null, now: number): boolean {
  return now >= endsAt(stored) || (stale !== null && now >= endsAt(stale));
}

/** True while a spent refresh token still works, counted from its first use. */
export function isWithinGrace(sentAt = -Infinity, reuse: ReusePolicy, now: number): boolean {
  return typeof reuse === 'object' && now < sentAt + reuse.graceMs;
}
