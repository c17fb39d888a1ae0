import type { Credentials } from './credentials.js';

/**
 * A 64-bit fingerprint of a text (two hashes of 32), in base 36: names a token or a content, tells nothing.
 *
 * Not cryptographic, and need not be: it is compared with the fingerprints of a few tokens only, it is
 * synchronous everywhere (WebCrypto is not, and would take the core out of virtual time), and 64 bits say
 * less about a token of 128 bits and more than a SHA-256 of it would.
 */
export function fingerprint(text: string): string {
  let one = 0;
  let other = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 16777619);
    other = Math.imul(other, 31) + unit;
  }
  return [one, other].map((hash) => (hash >>> 0).toString(36)).join('-');
}

/** Names the refresh token of `credentials` (or, where there is none, its access token). */
export function tokenFingerprint(credentials: Credentials): string {
  return fingerprint(credentials.refresh_token ?? credentials.access_token);
}

/** Names the pair of tokens: it changes with every refresh, even where the refresh token stays the same. */
export function pairFingerprint(credentials: Credentials): string {
  return fingerprint(`${credentials.refresh_token ?? ''}\n${credentials.access_token}`);
}

/** True for the same two tokens, whatever else differs. */
export function isSamePair(a: Credentials | null | undefined, b: Credentials | null | undefined): boolean {
  return a?.access_token === b?.access_token && a?.refresh_token === b?.refresh_token;
}
