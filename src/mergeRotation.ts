import { asCredentials, isCredentials, type Credentials } from './credentials.js';
import { expiryOf, type TokenResponse } from './tokenResponse.js';

const isBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';

/** What of the previous credentials outlives them: all but the access token and what describes it. */
function inheritable(previous: Credentials): Record<string, unknown> {
  const { access_token, token_type, expires_in, expires_at, ...kept } = previous;
  return kept;
}

/**
 * The credentials after a refresh. Pure, but for the default of `sentAt`.
 *
 * A non-empty `refresh_token` in the response replaces the previous one (rotation, RFC 6749 §6); absent or
 * empty keeps it (Google). `scope`, `id_token` and unknown fields are kept where the response has none.
 * `access_token`, `token_type`, `expires_in` and `expires_at` are never inherited.
 *
 * @param previous what was held before, or `null` for a sign-in
 * @param response the provider's answer; `expires_in` is in seconds, a number or a numeric string
 * @param sentAt when the request was sent, epoch ms: `expires_at` is counted from there
 * @param defaultLifetimeMs assumed where the response does not tell
 * @throws TypeError when `response` holds no access token
 */
export function mergeRotation(
  previous: Credentials | null,
  response: TokenResponse,
  sentAt: number = Date.now(),
  defaultLifetimeMs?: number,
): Credentials {
  if (!isCredentials(response)) throw new TypeError('response: access_token must be a non-empty string');
  const { refresh_token, expires_in, expires_at, ...told } = response as TokenResponse;
  const known = Object.fromEntries(
    Object.entries(told).filter(([, value]) => value !== null && value !== undefined),
  );
  return asCredentials({
    ...(previous && inheritable(previous)),
    ...known,
    ...(!isBlank(refresh_token) && { refresh_token }),
    ...expiryOf(response, sentAt, defaultLifetimeMs),
  } as Credentials);
}
