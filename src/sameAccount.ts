import type { Credentials } from './credentials.js';
import { jwtClaims } from './jwt.js';

/** False only where both have an `id_token` that names a subject, and not the same one. */
export function sameAccount(a: Credentials, b: Credentials): boolean {
  const [one, other] = [jwtClaims(a.id_token).sub, jwtClaims(b.id_token).sub];
  return one === undefined || other === undefined || one === other;
}
