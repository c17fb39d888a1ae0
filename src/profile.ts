/**
 * What happens when a refresh token that was already spent is presented again.
 *
 * - `harmless`: it still works, so a lost answer is like any other failure.
 * - `{ graceMs }`: it still works for a while after its first use.
 * - `strict`: the whole family of tokens is revoked (RFC 9700 §4.14.2).
 * - `unknown`: treated as `strict`.
 */
export type ReusePolicy = 'harmless' | 'strict' | 'unknown' | { readonly graceMs: number };

/**
 * What the library has to know of an authorization server. A plain value: spread it to override what your tenant
 * does otherwise, or write one of your own. Whatever it does not tell is not known, and never guessed.
 */
export interface ProviderProfile {
  /** For people. */
  readonly name: string;
  readonly reuse: ReusePolicy;
  /** Assumed when neither `expires_in` nor a JWT's `exp` tells how long an access token lives, in ms. */
  readonly defaultLifetimeMs?: number | undefined;
  /** Error codes that mean, besides `invalid_grant`, that the refresh token is refused for good. */
  readonly terminalErrors?: readonly string[] | undefined;
  /**
   * Makes a standard answer (RFC 6749 §5.1, §5.2) of this provider's: tokens that are nested, errors that stand
   * elsewhere. Called with every parsed body, and with `undefined` for one that is neither JSON nor a form; what it
   * throws is a bug of the callback. Pure.
   */
  readonly normalize?: ((body: unknown) => unknown) | undefined;

  // What `rx-token/oauth` asks with:

  /** The issuer, for discovery (RFC 8414). */
  readonly issuer?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  /** RFC 8628 §3.1. */
  readonly deviceAuthorizationEndpoint?: string | undefined;
  /** RFC 7009 §2. */
  readonly revocationEndpoint?: string | undefined;
  /** How the client says who it is (RFC 6749 §2.3.1). */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | 'none' | undefined;
  /** Of the body of a token request; `form` is the standard. */
  readonly requestFormat?: 'form' | 'json' | undefined;
  /** True where a refresh must not name a scope. */
  readonly omitsScope?: boolean | undefined;
  /** Sent with every token request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
