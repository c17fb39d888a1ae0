import type { Credentials } from './credentials.js';
import { mergeRotation } from './mergeRotation.js';
import { fromRecord, instantFrom, type TokenResponse } from './tokenResponse.js';

/** A sign-in: stored credentials as they are, where they say when they end; else a provider's raw answer. */
export function firstCredentials(
  given: Credentials | TokenResponse,
  now: number,
  defaultLifetimeMs?: number,
): Credentials {
  const isRecord = instantFrom(given.expires_at, now) !== undefined;
  return isRecord
    ? fromRecord(given as Credentials, now)
    : mergeRotation(null, given, now, defaultLifetimeMs);
}
