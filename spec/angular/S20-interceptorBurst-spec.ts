/** @jest-environment ./spec/helpers/jsdomWithFetch.mjs */
import { heard, tokensOf } from './world.js';
import {
  HttpClient,
  HttpErrorResponse,
  type HttpFeature,
  type HttpFeatureKind,
  provideHttpClient,
  withFetch,
  withInterceptors,
} from '@angular/common/http';
import { inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, type Observable } from 'rxjs';
import { memoryStore, RefreshRejectedError, RefreshUnavailableError } from 'rx-token';
import { bearerInterceptor, provideTokenManager, withBearerTargets } from 'rx-token/angular';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { type Arrived, listeningApi } from '../helpers/listeningApi.js';

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-expose-headers': 'www-authenticate',
};
const isReal = ({ method }: Arrived): boolean => method !== 'OPTIONS';

/** The token that is held has ended, which is known; or the server refuses it, which is not. */
type Trouble = 'expired' | 'revoked';

/** A provider and an API on one origin, which is the target; a third party; and an application. */
async function world(features: HttpFeature<HttpFeatureKind>[], trouble: Trouble, refresh_token = 'R1') {
  const server = fakeAuthorizationServer({
    tokenName: (kind, count) => `${kind === 'access' ? 'A' : 'R'}${count}`,
  });
  server.signIn();
  server.revoke('A1');
  const weather = { isTokenEndpointDown: false, isApiSour: false };
  const api = await listeningApi(({ method, url, token = '', text }, response) => {
    const say = (status: number, body: unknown, headers = {}): void =>
      void response.writeHead(status, { ...CORS, ...headers }).end(JSON.stringify(body));
    if (method === 'OPTIONS') say(200, null);
    else if (url === '/token') {
      if (weather.isTokenEndpointDown) return say(503, {});
      const form = Object.fromEntries(new URLSearchParams(text));
      server.answer(form).subscribe(({ status, body }) => say(status, body));
    } else if (url.startsWith('/forbidden')) {
      say(403, 'forbidden', { 'www-authenticate': 'Bearer error="insufficient_scope"' });
    } else if (weather.isApiSour || !server.isAccessTokenValid(token)) say(401, `refused ${token}`);
    else say(200, `welcome ${token}`);
  });
  const thirdParty = await listeningApi(
    (_request, response) => void response.writeHead(200, CORS).end('"hello"'),
  );

  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(...features, withInterceptors([bearerInterceptor])),
      provideTokenManager(() => {
        const http = inject(HttpClient); // that of everybody: through the interceptor, to a target
        const held = { access_token: 'A1', refresh_token, ...(trouble === 'expired' && { expires_at: 1 }) };
        return {
          store: memoryStore(held),
          refresh({ refresh_token = '' }) {
            const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
            return http.post(`${api.origin}/token`, form);
          },
          maxWaitMs: 0,
        };
      }, withBearerTargets(api.origin)),
    ],
  });
  const http = TestBed.inject(HttpClient);

  /** Fifty at once: to the API, three with streams, to a third party, and one to the token endpoint. */
  async function burst() {
    const many = (count: number, make: (at: number) => Observable<unknown>): Promise<unknown>[] =>
      Array.from({ length: count }, (_, at) => lastValueFrom(make(at)).catch((error: unknown) => error));
    const asking = new URLSearchParams({ grant_type: 'of another kind' });
    const plain = many(41, (at) => http.get(`${api.origin}/${at}`));
    const streams = many(3, (at) => http.post(`${api.origin}/stream/${at}`, { getReader: () => at }));
    const others = many(5, (at) => http.get(`${thirdParty.origin}/${at}`));
    const own = many(1, () => http.post(`${api.origin}/token`, asking));
    expect(await Promise.all(others)).toEqual(Array(5).fill('hello'));
    expect(await Promise.all(own)).toEqual([expect.any(HttpErrorResponse)]); // of which this is the answer
    return { plain: await Promise.all(plain), streams: await Promise.all(streams) };
  }

  /** The tokens that the API saw, by what was asked of it. */
  function seen(): Readonly<Record<string, (string | undefined)[]>> {
    const byUrl: Record<string, (string | undefined)[]> = {};
    for (const { url, token } of api.arrived.filter(isReal)) (byUrl[url] ??= []).push(token);
    return byUrl;
  }
  /** What the API saw of the requests of a burst. */
  const seenOf = (kind: 'plain' | 'streams') =>
    Object.entries(seen())
      .filter(([url]) => (kind === 'plain' ? /^\/\d/ : /^\/stream/).test(url))
      .map(([, tokens]) => tokens);
  const refreshes = (): number => server.log.filter(({ grantType }) => grantType === 'refresh_token').length;
  const bare = () => thirdParty.arrived.filter(isReal).map(({ headers }) => headers.authorization);
  return { server, api, http, tokens: tokensOf(), weather, burst, seen, seenOf, refreshes, bare };
}

const all = (count: number, value: unknown): unknown[] => Array<unknown>(count).fill(value);

describe.each<[string, HttpFeature<HttpFeatureKind>[]]>([
  ['XHR', []],
  ['fetch', [withFetch()]],
])('S20: fifty requests at once, over %s', (_backend, features) => {
  it('(a) an expired token: one refresh, fifty answers, each request sent once', async () => {
    const { burst, seen, seenOf, refreshes, bare } = await world(features, 'expired');
    const { plain, streams } = await burst();
    expect([...plain, ...streams]).toEqual(all(44, 'welcome A2'));
    expect([...seenOf('plain'), ...seenOf('streams')]).toEqual(all(44, ['A2']));
    expect(seen()['/token']).toEqual([undefined, undefined]);
    expect(bare()).toEqual(all(5, undefined));
    expect(refreshes()).toBe(1);
  });

  it('(a) a revoked token: one refresh, fifty answers, each request sent at most twice, streams once', async () => {
    const { api, burst, http, seenOf, refreshes, bare } = await world(features, 'revoked');
    const { plain, streams } = await burst();
    expect(plain).toEqual(all(41, 'welcome A2'));
    expect(streams).toEqual(all(3, expect.objectContaining({ status: 401, error: 'refused A1' })));
    expect(new Set(seenOf('plain').map(String))).toEqual(new Set(['A1,A2']));
    expect(seenOf('streams')).toEqual(all(3, ['A1']));
    expect(bare()).toEqual(all(5, undefined));
    expect(await lastValueFrom(http.post(`${api.origin}/stream`, { getReader: () => 1 }))).toBe('welcome A2');
    expect(refreshes()).toBe(1);
  });

  it.each<[string, Trouble, 'terminal' | 'transient', number]>([
    ['(b) refused, never sent', 'expired', 'terminal', 0],
    ['(b) refused, was sent', 'revoked', 'terminal', 1],
    ['(c) unavailable, never sent', 'expired', 'transient', 0],
    ['(c) unavailable, was sent', 'revoked', 'transient', 1],
  ])(
    '%s: all settle, token$ lives, and works after the next sign-in',
    async (_what, trouble, end, sendings) => {
      const isTerminal = end === 'terminal';
      const { api, burst, http, refreshes, seenOf, server, tokens, weather } = await world(
        features,
        trouble,
        isTerminal ? 'nobody’s' : 'R1',
      );
      weather.isTokenEndpointDown = !isTerminal;
      const emitted = heard(tokens.token$);
      const failed = Object.values(await burst()).flat();
      const why = expect.any(isTerminal ? RefreshRejectedError : RefreshUnavailableError);
      const refusal = expect.objectContaining({ status: 401, error: 'refused A1' });
      expect(failed).toEqual(all(44, sendings ? refusal : why));
      expect(failed.slice(0, 41).map((error) => (error as Error).cause)).toEqual(
        all(41, sendings ? why : undefined),
      );
      const arrived = [...seenOf('plain'), ...seenOf('streams')];
      expect(arrived).toEqual(all(sendings ? 44 : 0, ['A1']));
      expect(refreshes()).toBe(isTerminal ? 1 : 0); // of those that the provider has heard of
      weather.isTokenEndpointDown = false;

      await tokens.set(server.signIn()); // A2: another sign-in
      expect(emitted.at(-1)).toBe('A2');
      expect(await lastValueFrom(http.get(`${api.origin}/after`))).toBe('welcome A2');
      expect([...seenOf('plain'), ...seenOf('streams')]).toEqual(arrived); // nothing old was sent again
    },
  );

  it('(d) a token that is refused again: the 401 is the error after one more try', async () => {
    const { burst, refreshes, seenOf, weather } = await world(features, 'revoked');
    weather.isApiSour = true;
    const { plain, streams } = await burst();
    expect(plain).toEqual(all(41, expect.objectContaining({ status: 401, error: 'refused A2' })));
    expect(streams).toEqual(all(3, expect.objectContaining({ status: 401, error: 'refused A1' })));
    expect(seenOf('plain')).toEqual(all(41, ['A1', 'A2']));
    expect(refreshes()).toBe(1);
  });

  it('(d) 403 insufficient_scope: no refresh, no second try', async () => {
    const { api, http, refreshes, seen } = await world(features, 'revoked');
    const requests = Array.from({ length: 50 }, (_, at) =>
      lastValueFrom(http.get(`${api.origin}/forbidden/${at}`)).catch((error: unknown) => error),
    );
    expect(await Promise.all(requests)).toEqual(all(50, expect.objectContaining({ status: 403 })));
    expect(Object.values(seen())).toEqual(all(50, ['A1']));
    expect(refreshes()).toBe(0);
  });
});
