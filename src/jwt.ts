/** What a JWT claims (RFC 7519 §4.1), unverified: nothing here trusts it with more than a date or a comparison. */
export interface JwtClaims {
  readonly exp?: unknown;
  readonly iat?: unknown;
  readonly sub?: unknown;
}

/** The claims of a token that is a JWT; none for one that is not. */
export function jwtClaims(token: string | undefined): JwtClaims {
  try {
    const payload = token?.split('.')[1] ?? '';
    return Object(JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')))) as JwtClaims;
  } catch {
    return {};
  }
}
