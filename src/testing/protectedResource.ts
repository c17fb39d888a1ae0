import { type Reply, reply } from './wire.js';

export interface ProtectedResourceParts {
  mayPass(token: string): boolean;
  scopeOf(token: string): string | undefined;
}

function challenge(status: number, error?: string, scope?: string): Reply {
  const parameters = { realm: 'rx-token', ...(error && { error }), ...(scope && { scope }) };
  const spelled = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return reply(status, error ? { error } : '', { 'www-authenticate': `Bearer ${spelled.join(', ')}` });
}

/** What a resource server says to a request with this `Authorization` header (RFC 6750 §3.1). */
export function protectedResource(
  { mayPass, scopeOf }: ProtectedResourceParts,
  authorization: string | undefined,
  neededScope: string | null,
): Reply {
  if (authorization === undefined) return challenge(401);
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
  if (token === undefined) return challenge(400, 'invalid_request');
  if (!mayPass(token)) return challenge(401, 'invalid_token');
  const isInScope = neededScope === null || scopeOf(token)?.split(' ').includes(neededScope);
  return isInScope ? reply(200, { resource: 'yours' }) : challenge(403, 'insufficient_scope', neededScope);
}
