import { isLoopback } from '../isLoopback.js';
import { urlFrom } from '../targets.js';

/** What keeps secrets from being sent to a URL (RFC 6749 §3.2), to be read after its name; `undefined`: nothing. */
export function objectionTo(given: unknown, allowInsecureRequests: boolean): string | undefined {
  const isUrl = typeof given === 'string' || given instanceof URL;
  const url = isUrl ? urlFrom(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be a URL of https';
  if (url.username || url.password) return 'must not hold a user name or a password';
  if (url.hash) return 'must not have a fragment';
  const isSafe = url.protocol === 'https:' || isLoopback(url) || allowInsecureRequests;
  return isSafe ? undefined : 'must be https: plain http is for loopback only';
}
