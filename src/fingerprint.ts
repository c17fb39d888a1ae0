import type { Credentials } from './credentials.js';

/**
 * A 53-bit fingerprint of a text (cyrb53), in base 36: names a token or a content without telling it.
 *
 * Not a cryptographic hash, and need not be: it is compared with the fingerprints of a few tokens only, it
 * is synchronous everywhere (WebCrypto is not, and would take the core out of virtual time), and 53 bits say
 * less about a token of 128 bits and more than a SHA-256 of it would.
 */
export function fingerprint(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

/** Names the refresh token of `credentials` (or, where there is none, its access token). */
export function tokenFingerprint(credentials: Credentials): string {
  return fingerprint(credentials.refresh_token ?? credentials.access_token);
}

/** Names the pair of tokens: it changes with every refresh, even where the refresh token stays the same. */
export function pairFingerprint(credentials: Credentials): string {
  return fingerprint(`${credentials.refresh_token ?? ''}\n${credentials.access_token}`);
}
