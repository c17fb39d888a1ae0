import { asCredentials, assertCredentials, isText, type Credentials } from './credentials.js';
import { expiryOf, type TokenResponse } from './tokenResponse.js';

/** What an answer tells: null tells nothing, nor does a blank refresh token (Google, and worse). */
function toldBy(response: TokenResponse): object {
  const told = Object.entries(response).filter(([field, value]) =>
    field === 'refresh_token' ? isText(value) : (value ?? null) !== null,
  );
  return Object.fromEntries(told);
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
  response: { readonly access_token: string } | TokenResponse,
  sentAt: number = Date.now(),
  defaultLifetimeMs?: number,
): Credentials {
  assertCredentials(response, 'response');
  return asCredentials({
    ...previous,
    token_type: undefined,
    ...toldBy(response),
    expires_in: undefined,
    expires_at: undefined,
    ...expiryOf(response, sentAt, defaultLifetimeMs),
  } as unknown as Credentials);
}
