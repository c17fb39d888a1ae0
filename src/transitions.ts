import type { Snapshot } from './contracts.js';
import { printable, type Credentials } from './credentials.js';
import {
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  tell,
  type TokenError,
} from './errors.js';
import type { By, Happening } from './events.js';
import { isSamePair } from './fingerprint.js';
import type { Failure, Held } from './held.js';
import { retryAtAfter, type RetryPolicy } from './retryPolicy.js';
import { isValid } from './validity.js';

type Failed = Held & { readonly failure: Failure };

/** What of the settings a transition goes by. */
interface Circumstances {
  readonly skewMs: number;
  readonly retry: RetryPolicy;
  readonly random: () => number;
}

/** A failed attempt: what now stands in the way, and until when. */
export function afterFailure(held: Held, error: TokenError, settings: Circumstances, now: number): Failed {
  const attempt = (held.failure?.attempt ?? 0) + 1;
  const isOver = error instanceof RefreshRejectedError;
  const retryAt = isOver ? Infinity : retryAtAfter(error, attempt, now, settings.retry, settings.random);
  // What the provider has said stands, though the store cannot be read meanwhile.
  const { failure } = held;
  if (error instanceof StoreError && failure && failure.retryAt > retryAt) return { ...held, failure };
  tell(error, retryAt);
  return { ...held, failure: { error, attempt, retryAt } };
}

/**
 * News of the store: what this manager was granted (`self`), or what another has written: a new token, a
 * sign-in, a sign-out.
 */
export function afterNews(
  held: Held,
  snapshot: Snapshot,
  by: By,
  settings: Circumstances,
  now: number,
): Held {
  const { credentials } = snapshot;
  const { failure } = held;
  const isNew = isNewToken(held.credentials, credentials);
  const isGranted = by === 'self' && !!credentials;
  // What a server has rejected stays rejected, whichever other field another tool has touched.
  const isStruck = !isNew && !isGranted && held.credentials?.expires_at === 0;
  // Other tokens are another chance, and so is a store that answers again.
  const isOther = !credentials || !isSamePair(held.credentials, credentials);
  const isPast = isOther || isGranted || failure?.error instanceof StoreError;
  const next: Held = {
    ...held,
    ...(isStruck ? afterRejection(snapshot) : snapshot),
    dead: snapshot.dead,
    failure: isPast ? undefined : failure,
    signedOut: !credentials && (!!held.credentials || !!held.signedOut),
    refreshedAt: isGranted ? now : held.refreshedAt,
    jitter: isNew ? settings.random() : held.jitter,
  };
  if (snapshot.dead && !(next.failure?.error instanceof RefreshRejectedError)) {
    return afterFailure(next, new RefreshRejectedError({}, snapshot.pending?.sentAt), settings, now);
  }
  if (!isGranted || isValid(credentials, now, settings.skewMs)) return next;
  // A provider whose tokens are due on arrival is not asked again at once, nor ever faster.
  return afterFailure(
    { ...next, failure },
    new RefreshUnavailableError('The new token was due on arrival'),
    settings,
    now,
  );
}

/** A server refused `rejected`: if it is still the current access token it has ended, whatever the clock says. */
export function afterRejection<T extends Held>(held: T, rejected?: string): T {
  const { credentials } = held;
  if (!credentials || credentials.expires_at === 0) return held;
  if (rejected !== undefined && credentials.access_token !== rejected) return held;
  return { ...held, credentials: printable({ ...credentials, expires_at: 0 }) };
}

export function isNewToken(
  before: Credentials | null | undefined,
  after: Credentials | null | undefined,
): after is Credentials {
  return !!after && after.access_token !== before?.access_token;
}

/** What a change of what is held amounts to, in a word; nothing where only another tool's field changed. */
export function newsOf(
  { credentials: before }: Held,
  { credentials: after, warning }: Held,
  by: By,
  isSameAccount: (a: Credentials, b: Credentials) => boolean,
): Happening | undefined {
  if (before === undefined) return { type: 'loaded', signedIn: !!after, warning };
  if (!after) return before ? { type: 'cleared', by } : undefined;
  if (!isNewToken(before, after)) return undefined;
  if (by === 'sibling' && !(before && isSameAccount(before, after))) return { type: 'set', by };
  return { type: 'refreshed', by, expiresAt: after.expires_at };
}
