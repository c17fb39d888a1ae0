/** True for the body of a token request (RFC 6749 §4): it brings what it needs, and is what tokens come from. */
export function isTokenRequest(body: unknown): boolean {
  if (typeof body === 'string') return /(^|&)grant_type=/.test(body);
  const form = Object(body) as Partial<URLSearchParams>;
  return typeof form.has === 'function' ? form.has('grant_type') : 'grant_type' in form;
}
