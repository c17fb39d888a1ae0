import { asCredentials, isText, type Credentials } from './credentials.js';
import { jwtClaims } from './jwt.js';

/** What a token endpoint answers (RFC 6749 §5.1), as it came. */
export interface TokenResponse {
  readonly access_token: string;
  readonly refresh_token?: string | null;
  /** Seconds, as a number or a numeric string. */
  readonly expires_in?: unknown;
  readonly [field: string]: unknown;
}

const TEN_YEARS_MS = 10 * 365.25 * 24 * 60 * 60_000;
/** The last instant a `Date` can hold (ECMA-262 §21.4.1.1). */
const LAST_INSTANT = 8.64e15;

/** A number, or a string that is nothing but one; anything else is `NaN`. */
function numberFrom(value: unknown): number {
  return isText(value) ? Number(value) : typeof value === 'number' ? value : NaN;
}

/** The lifetime that an `expires_in` (seconds) tells, in ms: positive and finite, or `undefined`. */
export function lifetimeMsFrom(expiresIn: unknown): number | undefined {
  const lifetimeMs = numberFrom(expiresIn) * 1000;
  return lifetimeMs > 0 && lifetimeMs <= LAST_INSTANT ? lifetimeMs : undefined;
}

/** As Square and simple-oauth2 say it (RFC 3339). */
const DATE_TIME = /^\d{4}-\d\d-\d\dT/;

/** An `expires_at`, in ms even where only seconds, or a date, make sense; `undefined` where nothing does. */
export function instantFrom(expiresAt: unknown, now: number): number | undefined {
  const given =
    isText(expiresAt) && DATE_TIME.test(expiresAt) ? Date.parse(expiresAt) : numberFrom(expiresAt);
  const isNear = (instant: number): boolean => Math.abs(instant - now) <= TEN_YEARS_MS;
  if (given && !isNear(given) && isNear(given * 1000)) return given * 1000;
  return given >= 0 && given <= LAST_INSTANT ? given : undefined;
}

/** By the server's own difference where it tells both ends, so that its clock and ours need not agree. */
function jwtLifetimeMs(token: string, sentAt: number): number | undefined {
  const { exp, iat = sentAt / 1000 } = jwtClaims(token);
  return lifetimeMsFrom(numberFrom(exp) - numberFrom(iat));
}

/**
 * The instant at which the token of a response expires, counted from when the request was *sent*: by
 * `expires_in`, an `expires_at` in its place, the JWT's own times, or the provider's usual lifetime.
 */
export function expiryOf(
  response: TokenResponse,
  sentAt: number,
  defaultLifetimeMs?: number,
): Pick<Credentials, 'expires_at' | 'expires_in'> {
  const told = lifetimeMsFrom(response.expires_in);
  const at = told ? undefined : instantFrom(response.expires_at, sentAt);
  if (at !== undefined && at <= sentAt) return { expires_at: at };
  const lifetimeMs =
    told ??
    (at ? at - sentAt : undefined) ??
    jwtLifetimeMs(response.access_token, sentAt) ??
    defaultLifetimeMs;
  if (!lifetimeMs || sentAt + lifetimeMs > LAST_INSTANT) return {};
  const expires_in = told ? (response.expires_in as number | string) : lifetimeMs / 1000;
  return { expires_at: Math.floor(sentAt + lifetimeMs), expires_in };
}

/**
 * Credentials as they were stored, with an `expires_at` that means something: there it decides. A record
 * that tells only a lifetime, as a naive save of the raw answer leaves it, is due: nobody knows since when.
 */
export function fromRecord(stored: Credentials, now: number): Credentials {
  const expiresAt =
    instantFrom(stored.expires_at, now) ??
    instantFrom(jwtClaims(stored.access_token).exp, now) ??
    (lifetimeMsFrom(stored.expires_in) && 0);
  const isGood = expiresAt === stored.expires_at;
  return asCredentials(isGood ? stored : ({ ...stored, expires_at: expiresAt } as Credentials));
}
