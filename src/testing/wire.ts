/** A request to the token endpoint, as the server understood it. */
export interface TokenRequest {
  /** Epoch ms on the server's clock. */
  readonly at: number;
  /** The form's parameters: `grant_type`, `refresh_token`, `scope`, … */
  readonly form: Readonly<Record<string, string>>;
  /** Lower-case names. Empty for a request made in the process. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer. A string or bytes as body go out as they are, anything else as JSON. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** No cache may keep an answer of a token endpoint (RFC 6749 §5.1). */
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function reply(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...NO_STORE, ...headers }, body };
}

/** RFC 6749 §5.2. */
export function oauthError(error: string, description: string, status = 400): Reply {
  return reply(status, { error, error_description: description });
}
