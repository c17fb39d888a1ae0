/**
 * What happens when a refresh token that was already spent is presented again.
 *
 * - `harmless`: it still works, so a lost answer is like any other failure.
 * - `{ graceMs }`: it still works for a while after its first use.
 * - `strict`: the whole family of tokens is revoked (RFC 9700 §4.14.2).
 * - `unknown`: treated as `strict`.
 */
export type ReusePolicy = 'harmless' | 'strict' | 'unknown' | { readonly graceMs: number };

/** What the library has to know of an authorization server. A plain value: spread it to override. */
export interface ProviderProfile {
  readonly name: string;
  readonly reuse: ReusePolicy;
  /** Assumed when neither `expires_in` nor a JWT's `exp` tells how long an access token lives, in ms. */
  readonly defaultLifetimeMs?: number;
  /** Error codes that mean, besides `invalid_grant`, that the refresh token is refused for good. */
  readonly terminalErrors?: readonly string[];
}
