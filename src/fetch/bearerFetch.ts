import { assertFit } from '../assertFit.js';
import { discard } from '../discard.js';
import { isRejected } from '../isRejected.js';
import { isStream } from '../isStream.js';
import { orAbort } from '../orAbort.js';
import { readTargets, urlFrom, type Target } from '../targets.js';
import type { TokenManager } from '../tokenManager.js';
import { copyOf, hasAuthorization, withBearer } from './bearerHeaders.js';

type Fetch = typeof globalThis.fetch;

export interface BearerFetchConfig {
  /**
   * Where tokens may go: URLs, of which the origin has to be the same, and the path a beginning by whole segments;
   * perhaps of some methods only. Everything else passes through untouched, without a token.
   */
  readonly targets: readonly (string | URL | Target)[];
  /** What sends. Default the global `fetch`, as it is when it is called. */
  readonly fetch?: Fetch | undefined;
}

/**
 * A `fetch` that sends a valid token along, to `targets` only. After a 401 the token is renewed, once for all, and
 * the request sent once more; what comes of that is the answer, whatever it is.
 *
 * - A request that brings an `authorization` header of its own, or a user name in its URL, passes through untouched.
 * - The body of a `Request` is kept until the answer is there, so that it can be sent again; other bodies are read
 *   again, and must not change meanwhile. A stream that is handed over as `init.body` cannot: the 401 is the answer,
 *   and the token is renewed for the next request.
 * - A 403, and a 401 whose challenge names another reason than `invalid_token` (RFC 6750 §3.1), renew nothing.
 * - Where no other token is to be had, the 401 is the answer.
 * - A redirect to another origin loses the header (https://fetch.spec.whatwg.org/#http-redirect-fetch), and a 401
 *   from there renews nothing: it is not about this token.
 *
 * Rejects as `getValidToken()` does where there is no token to send, and as `fetch` does.
 *
 * @throws TypeError that names the option which is wrong
 */
export function bearerFetch(
  tokens: Pick<TokenManager, 'getValidToken' | 'renew'>,
  config: BearerFetchConfig,
): Fetch {
  const { targets, fetch } = Object(config) as BearerFetchConfig;
  if (typeof (Object(tokens) as typeof tokens).getValidToken !== 'function')
    throw new TypeError('tokens must be a token manager');
  const isTarget = readTargets(targets);
  if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch must be a function');
  const send: Fetch = (input, init) => (fetch ?? globalThis.fetch)(input, init);

  let known: string | undefined;
  const fit = (token: string): string => {
    if (token !== known) assertFit(token); // once for each: tokens are long
    return (known = token);
  };

  const sendWithToken: Fetch = async (input, init) => {
    const request = isRequest(input) ? input : undefined;
    const url = urlFrom(request?.url ?? (input as string | URL), baseUrl());
    if (!url || !isTarget(url, init?.method ?? request?.method ?? 'GET')) return send(input, init);
    if (isRequest(init)) return sendWithToken(new Request(input, init)); // no copy of it would have its fields
    const headers = copyOf(init?.headers ?? request?.headers);
    if (hasAuthorization(headers)) return send(input, init);

    // What was compared is what is sent, whatever becomes of the arguments meanwhile, or another parser makes of them.
    const what = request ?? url.href;
    const beside = ownAndInherited(init);
    const given = request && Object.keys(beside).length === 0 ? referrerOf(request) : beside;
    const signal = given.signal === undefined ? request?.signal : given.signal;
    const token = await tokens.getValidToken(signal ? { signal } : undefined);
    const kept = request && request.body !== null && given.body == null ? request.clone() : undefined;
    try {
      const first = Object.assign({}, given, { headers: withBearer(headers, fit(token)) });
      const response = await send(what, first);
      if (response.status !== 401 || !isRejected(response) || isFromElsewhere(response, url)) return response;
      const renewed = tokens.renew(token).catch(() => token);
      if (isStream(given.body)) return response;
      const next = await orAbort(renewed, signal);
      if (next === token) return response;
      discard(response.body);
      return await send(kept ?? what, { ...given, headers: withBearer(copyOf(headers), fit(next)) });
    } finally {
      discard(kept?.body);
    }
  };
  return sendWithToken;
}

/** What relative URLs are relative to; nothing in Node. */
function baseUrl(): string | undefined {
  const { document, location } = globalThis as {
    readonly document?: { readonly baseURI: string };
    readonly location?: { readonly href: string };
  };
  return document?.baseURI ?? location?.href;
}

/** A copy of all that `fetch` would read of it, but for what a class computes. */
function ownAndInherited(init: RequestInit = {}): RequestInit {
  const copy: Record<string, unknown> = {};
  for (const name in init) copy[name] = init[name as keyof RequestInit];
  return copy;
}

/** What a `fetch` forgets of a `Request` that has options beside it (https://fetch.spec.whatwg.org/#dom-request). */
function referrerOf({ referrer, referrerPolicy }: Request): RequestInit {
  return { referrer, referrerPolicy };
}

/** Also that of another realm, or of a library. */
function isRequest(input: unknown): input is Request {
  if (typeof input !== 'object' || input === null) return false;
  const request: Partial<Request> = input;
  return typeof request.url === 'string' && typeof request.clone === 'function';
}

/** Whose server has never seen the token. */
function isFromElsewhere({ redirected, url }: Response, { origin }: URL): boolean {
  return redirected && urlFrom(url)?.origin !== origin;
}
