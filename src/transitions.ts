import type { Snapshot } from './contracts.js';
import { asCredentials, type Credentials } from './credentials.js';
import type { Terms } from './decide.js';
import {
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  withRetryAt,
  type TokenError,
} from './errors.js';
import type { By, Happening } from './events.js';
import { credentialsOf, type Failure, type Held } from './held.js';
import { retryAtAfter, type RetryPolicy } from './retryPolicy.js';
import { isValid } from './validity.js';

/** What a transition may draw on besides what is held. */
export interface Circumstances {
  readonly terms: Terms & { readonly retry: RetryPolicy; readonly random: () => number };
  readonly now: number;
}

/** A failed attempt: what now stands in the way, and until when. */
export function afterFailure(held: Held, error: TokenError, { terms, now }: Circumstances): Held {
  const attempt = (held.failure?.attempt ?? 0) + 1;
  const isOver = error instanceof RefreshRejectedError;
  const retryAt = isOver ? Infinity : retryAtAfter(error, attempt, now, terms.retry, terms.random);
  if (!isOver) withRetryAt(error, retryAt);
  return { ...held, refreshing: false, failure: { error, attempt, retryAt } };
}

/** Other content of the store, by whomever: its own new token, a sibling's, a sign-in or a sign-out. */
export function afterNews(held: Held, snapshot: Snapshot, by: By, circumstances: Circumstances): Held {
  const { terms, now } = circumstances;
  const before = credentialsOf(held);
  const { credentials } = snapshot;
  const isNew = isNewToken(before, credentials);
  const next: Held = {
    snapshot,
    refreshing: held.refreshing,
    failure: isNew || !credentials || held.failure?.error instanceof StoreError ? null : held.failure,
    signedOut: !credentials && (before !== null || held.signedOut),
    refreshedAt: isNew && by === 'self' ? now : held.refreshedAt,
    jitter: isNew ? terms.random() : held.jitter,
  };
  if (snapshot.dead) return { ...next, failure: asDead(held.failure, snapshot) };
  if (!isNew || by !== 'self' || isValid(credentials, now, terms.skewMs)) return next;
  // A provider whose tokens are due on arrival is not asked again at once, nor ever faster.
  const due = new RefreshUnavailableError('The new access token was due on arrival');
  return afterFailure({ ...next, failure: held.failure }, due, circumstances);
}

function asDead(failure: Failure | null, { pending }: Snapshot): Failure {
  if (failure?.error instanceof RefreshRejectedError) return failure;
  return { error: new RefreshRejectedError({}, pending?.sentAt), attempt: 1, retryAt: Infinity };
}

/** A server refused `rejected`: if it is still the current access token it has ended, whatever the clock says. */
export function afterRejection(held: Held, rejected: string): Held {
  const { snapshot } = held;
  const credentials = credentialsOf(held);
  if (!snapshot || credentials?.access_token !== rejected) return held;
  return {
    ...held,
    snapshot: { ...snapshot, credentials: asCredentials({ ...credentials, expires_at: 0 }) },
  };
}

export function isNewToken(before: Credentials | null, after: Credentials | null): after is Credentials {
  return after !== null && after.access_token !== before?.access_token;
}

/** What a change of what is held amounts to, in words; nothing where only another tool's field changed. */
export function newsOf(
  before: Held,
  after: Held,
  by: By,
  isSameAccount: (a: Credentials, b: Credentials) => boolean,
): Happening[] {
  const [held, holds] = [credentialsOf(before), credentialsOf(after)];
  if (!before.snapshot)
    return [{ type: 'loaded', signedIn: holds !== null, warning: after.snapshot?.warning }];
  if (!holds) return held ? [{ type: 'cleared', by }] : [];
  if (!isNewToken(held, holds)) return [];
  if (by === 'sibling' && (!held || !isSameAccount(held, holds))) return [{ type: 'set', by }];
  return [{ type: 'refreshed', by, expiresAt: holds.expires_at }];
}
