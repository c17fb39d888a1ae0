import type { Credentials } from './credentials.js';
import {
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
  type TokenError,
} from './errors.js';
import { credentialsOf, type Failure, type Held } from './held.js';
import type { Pending, Snapshot } from './contracts.js';
import type { ReusePolicy } from './profile.js';
import { endsAt, isUnexpired, isValid, validUntil } from './validity.js';

/** The numbers and facts of a configuration that decisions are made by. */
export interface Terms {
  readonly skewMs: number;
  readonly refreshAheadMs: number;
  readonly jitterMs: number;
  readonly reuse: ReusePolicy;
  /** Whether there is something to call when nobody is signed in. */
  readonly canAcquire: boolean;
}

/** Two proactive refreshes are never closer. */
const MIN_INTERVAL_MS = 1000;

/** What to do for a caller. */
export type Decision =
  | { readonly serve: Credentials; readonly refreshBehind: boolean }
  | { readonly waitUntil: number }
  | { readonly fail: TokenError }
  | 'refresh';

/** What one caller asks for. */
export interface Caller {
  /** How long the token has to last, in ms. */
  readonly minValidityMs: number;
  /** Until when, epoch ms, the caller waits for a next attempt. */
  readonly waitsUntil: number;
}

/** From when on a refresh is welcome, though nobody has to wait for it yet. */
function aheadAt(credentials: Credentials, terms: Terms): number {
  return validUntil(credentials, terms.skewMs) - terms.refreshAheadMs;
}

/** Until when a caller is served from memory without another thought. */
export function freshUntil(held: Held, terms: Terms): number {
  const credentials = credentialsOf(held);
  return credentials ? aheadAt(credentials, terms) : -Infinity;
}

/** A failed attempt stands until `retryAt`; that of a dead refresh token for ever. */
function obstacle({ failure }: Held, now: number): Failure | null {
  return failure && now < failure.retryAt ? failure : null;
}

/** Rules 1, 3 and 7, for one caller. */
export function decide(held: Held, terms: Terms, now: number, caller: Caller): Decision {
  const credentials = credentialsOf(held);
  if (!credentials && !terms.canAcquire) return { fail: new NoCredentialsError() };
  const blockedBy = obstacle(held, now);
  const isBlocked = blockedBy !== null || isLate(held, now, terms);
  if (credentials && isValid(credentials, now, terms.skewMs, caller.minValidityMs)) {
    return { serve: credentials, refreshBehind: !isBlocked && now >= aheadAt(credentials, terms) };
  }
  if (isBlocked && credentials && isEnough(credentials, now, caller))
    return { serve: credentials, refreshBehind: false };
  if (!blockedBy) return 'refresh';
  return blockedBy.retryAt <= caller.waitsUntil
    ? { waitUntil: blockedBy.retryAt }
    : { fail: blockedBy.error };
}

/** Rule 3: what is served when no refresh can be had is a token that has not ended, nor will too soon. */
export function isEnough(credentials: Credentials, now: number, caller: Caller): boolean {
  return isValid(credentials, now, 0, caller.minValidityMs);
}

/** True when a subscriber may be told the token: it is valid, or the best there is and not over. */
export function isServable(held: Held, terms: Terms, now: number): boolean {
  const credentials = credentialsOf(held);
  if (!credentials) return false;
  return isValid(credentials, now, terms.skewMs) || (held.failure !== null && isUnexpired(credentials, now));
}

/** After a lost answer, a token whose reuse may cost the grant waits until the access token has ended (rule 13). */
function isLate(held: Held, now: number, terms: Terms): boolean {
  const credentials = credentialsOf(held);
  const error = held.failure?.error;
  const isLost = error instanceof RefreshUnavailableError && error.ambiguous;
  return isLost && credentials !== null && terms.reuse !== 'harmless' && isUnexpired(credentials, now);
}

/** When the proactive timer tries next: an instant (epoch ms), or `null` for not by itself. */
export function wakeAt(held: Held, terms: Terms): number | null {
  const { snapshot, failure } = held;
  if (failure && isForAPerson(failure.error)) return null;
  const retryAt = failure?.retryAt ?? -Infinity;
  if (!snapshot) return failure && retryAt;
  const { credentials } = snapshot;
  if (!credentials) return terms.canAcquire && !held.signedOut ? retryAt : null;
  const dueAt = aheadAt(credentials, terms) - held.jitter * terms.jitterMs;
  const lateAt = isLate(held, -Infinity, terms) ? endsAt(credentials) : -Infinity;
  const at = Math.max(dueAt, held.refreshedAt + MIN_INTERVAL_MS, retryAt, lateAt);
  return at === Infinity ? null : at;
}

/** Failures that trying again by itself does not mend: a refused sign-in, a bug in a callback. */
function isForAPerson(error: TokenError): boolean {
  return error instanceof RefreshRejectedError || error.code === 'callback_failed';
}

/** What a flight does with what it found in the store, having set out to replace `stale`. */
export type Verdict = 'adopt' | 'send' | { readonly fail: TokenError };

/** Rules 11 to 13, under the lock. */
export function judge(found: Snapshot, stale: Credentials | null, terms: Terms, now: number): Verdict {
  const { credentials, pending } = found;
  if (!credentials) return stale || !terms.canAcquire ? 'adopt' : 'send';
  const isNews = credentials.access_token !== stale?.access_token;
  if (isNews && isValid(credentials, now, terms.skewMs)) return 'adopt';
  if (found.dead) return { fail: new RefreshRejectedError({}, pending?.sentAt) };
  if (pending && !mayResend(pending, credentials, stale, terms.reuse, now)) {
    return {
      fail: new RefreshUnavailableError('The answer to an earlier refresh was lost', { ambiguous: true }),
    };
  }
  return 'send';
}

/** Whether a refresh token whose last answer was lost may be sent again now. */
function mayResend(
  pending: Pending,
  stored: Credentials,
  stale: Credentials | null,
  reuse: ReusePolicy,
  now: number,
): boolean {
  return reuse === 'harmless' || isWithinGrace(pending.sentAt, reuse, now) || hasEnded(stored, stale, now);
}

/** Nothing can wait any more: the stored token has ended, or a server rejected it, which only we may know. */
export function hasEnded(stored: Credentials, stale: Credentials | null, now: number): boolean {
  return !isUnexpired(stored, now) || (stale !== null && !isUnexpired(stale, now));
}

/** True while a spent refresh token still works, counted from its first use. */
export function isWithinGrace(sentAt: number, reuse: ReusePolicy, now: number): boolean {
  return typeof reuse === 'object' && now < sentAt + reuse.graceMs;
}
