import { isRejected } from '../isRejected.js';
import { readTargets, urlFrom, type Target } from '../targets.js';
import type { TokenManager } from '../tokenManager.js';

type Fetch = typeof globalThis.fetch;

export interface BearerFetchConfig {
  /**
   * Where tokens may go: URLs, of which the origin has to be the same, and the path a beginning by whole segments;
   * perhaps of some methods only. Everything else passes through untouched, without a token.
   */
  readonly targets: readonly (string | URL | Target)[];
  /** What sends. Default the global `fetch`, as it is when it is called. */
  readonly fetch?: Fetch;
}

/**
 * A `fetch` that sends a valid token along, to `targets` only. After a 401 the token is renewed, once for all, and
 * the request sent once more; what comes of that is the answer, whatever it is.
 *
 * - A request that brings an `authorization` header of its own passes through untouched.
 * - The body of a `Request` is kept until the answer is there, so that it can be sent again. A stream that is
 *   handed over as `init.body` cannot: the 401 is the answer, and the token is renewed for the next request.
 * - A 403, and a 401 whose challenge names another reason than `invalid_token` (RFC 6750 §3.1), renew nothing.
 * - Where no other token is to be had, the 401 is the answer.
 * - A redirect to another origin loses the header (https://fetch.spec.whatwg.org/#http-redirect-fetch).
 *
 * Rejects as `getValidToken()` does where there is no token to send, and as `fetch` does.
 *
 * @throws TypeError that names the option which is wrong
 */
export function bearerFetch(
  tokens: Pick<TokenManager, 'getValidToken' | 'renew'>,
  { targets, fetch }: BearerFetchConfig,
): Fetch {
  const isTarget = readTargets(targets);
  if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch must be a function');
  const send: Fetch = (input, init) => (fetch ?? globalThis.fetch)(input, init);

  return async (input, init) => {
    const request = isRequest(input) ? input : undefined;
    const url = urlFrom(request?.url ?? (input as string | URL), pageUrl());
    const headers = new Headers(init?.headers ?? request?.headers);
    const method = init?.method ?? request?.method ?? 'GET';
    if (!url || !isTarget(url, method) || headers.has('authorization')) return send(input, init);

    const signal = init?.signal ?? request?.signal;
    const token = await tokens.getValidToken(signal ? { signal } : undefined);
    const isOnce = isStream(init?.body);
    const again = request?.body && !init?.body ? request.clone() : input;
    const sendWith = (what: typeof input, bearer: string): Promise<Response> => {
      headers.set('authorization', `Bearer ${bearer}`);
      return send(what, { ...init, headers });
    };

    const response = await sendWith(input, token);
    if (!isRejected(response)) {
      discard(again !== input && (again as Request).body);
      return response;
    }
    const renewed = tokens.renew(token).catch(() => token);
    if (isOnce) return response;
    const next = await renewed;
    if (next === token) return response;
    discard(response.body);
    return sendWith(again, next);
  };
}

/** What relative URLs are relative to; nothing in Node. */
function pageUrl(): string | undefined {
  return (globalThis as { readonly location?: { readonly href: string } }).location?.href;
}

/** Also that of another realm, or of a library. */
function isRequest(input: unknown): input is Request {
  const request = Object(input) as Partial<Request>;
  return typeof request.url === 'string' && typeof request.clone === 'function';
}

/** What can be read once: a stream, or what undici reads like one. */
function isStream(body: unknown): boolean {
  const given = Object(body) as Partial<ReadableStream & AsyncIterable<unknown>>;
  return typeof given.getReader === 'function' || typeof given[Symbol.asyncIterator] === 'function';
}

/** What nobody reads holds a connection, or memory. */
function discard(body: ReadableStream | null | undefined | false): void {
  if (body) body.cancel().catch(() => undefined);
}
