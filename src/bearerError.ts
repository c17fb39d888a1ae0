/** A scheme, or a parameter of the scheme before it (RFC 9110 §11.6.1): `name`, `name=token`, `name="text"`. */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;

/**
 * The `error` of the Bearer challenge in a `WWW-Authenticate` header (RFC 6750 §3.1), such as `invalid_token` or
 * `insufficient_scope`; `undefined` where there is none. Several headers may be a list.
 */
export function bearerError(header: unknown): string | undefined {
  let scheme = '';
  for (const [, name = '', quoted, token] of [header].flat().join().matchAll(PART)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token;
    if (value === undefined) scheme = name.toLowerCase();
    else if (scheme === 'bearer' && name.toLowerCase() === 'error') return value;
  }
  return undefined;
}
