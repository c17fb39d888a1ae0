import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { isLost } from '../../src/errors.js';
import { oauth4webapi } from '../../src/oauth/oauth4webapi.js';
import { type GrantOptions, refreshTokenGrant } from 'rx-token/oauth';
import { plainServer, type PlainServer, sendJson } from '../helpers/plainServer.js';

const granted = { access_token: 'A2', expires_in: 3600 };
const held = { refresh_token: 'R1-canary' };
const OPENID = '/tenant/.well-known/openid-configuration';
const RFC8414 = '/.well-known/oauth-authorization-server/tenant';

type Answer = (response: ServerResponse, origin: string) => unknown;

let server: PlainServer;
afterEach(() => server.close());

const metadata: Answer = (response, origin) =>
  sendJson(response, { issuer: `${origin}/tenant`, token_endpoint: `${origin}/token` });
const nowhere: Answer = (response) => response.writeHead(404).end();

async function issuing(answers: Record<string, Answer>, options: Partial<GrantOptions> = {}) {
  server = await plainServer(({ path }, response) => {
    if (path === '/token') return sendJson(response, granted);
    (answers[path] ?? nowhere)(response, server.origin);
  });
  return refreshTokenGrant({ issuer: `${server.origin}/tenant`, clientId: 'me', ...options });
}

const paths = () => server.asked.map(({ path }) => path);
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );

describe('discovery', () => {
  it('asks once for all who come, and for those who come later', async () => {
    const refresh = await issuing({ [OPENID]: metadata });
    await Promise.all(Array.from({ length: 10 }, () => refresh(held)));
    await refresh(held);
    expect(paths().filter((path) => path === OPENID)).toHaveLength(1);
    expect(paths().filter((path) => path === '/token')).toHaveLength(11);
  });

  it('asks as RFC 8414 says where OpenID is not spoken', async () => {
    const refresh = await issuing({ [RFC8414]: metadata });
    await refresh(held);
    expect(paths()).toEqual([OPENID, RFC8414, '/token']);
  });

  it('also with a fetch whose bodies are streams of Node', async () => {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await globalThis.fetch(input, init);
      if (response.status !== 404) return response;
      return Object.defineProperty(response, 'body', { value: Readable.from([]) });
    };
    const refresh = await issuing({ [RFC8414]: metadata }, { fetch });
    expect((await refresh(held)).status).toBe(200);
  });

  it('also where a page is answered for every path', async () => {
    const page: Answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    const refresh = await issuing({ [OPENID]: page, [RFC8414]: metadata });
    expect((await refresh(held)).status).toBe(200);
  });

  it('is not asked where the endpoint is known', async () => {
    await issuing({});
    const { origin } = server;
    await refreshTokenGrant({ issuer: origin, tokenEndpoint: `${origin}/token`, clientId: 'me' })(held);
    expect(paths()).toEqual(['/token']);
  });

  it('goes before the endpoint of a profile, which may be that of all tenants', async () => {
    const provider = { name: 'a', reuse: 'strict' as const, tokenEndpoint: 'https://id.example.com/common' };
    const refresh = await issuing({ [OPENID]: metadata }, { provider });
    await refresh(held);
    expect(paths()).toEqual([OPENID, '/token']);
  });

  it('begins with the issuer of a profile, too', async () => {
    await issuing({ [OPENID]: metadata });
    const provider = { name: 'a', reuse: 'strict' as const, issuer: `${server.origin}/tenant` };
    await refreshTokenGrant({ provider, clientId: 'me' })(held);
    expect(paths()).toEqual([OPENID, '/token']);
  });

  it.each<[string, Answer, object]>([
    ['nobody there', nowhere, { code: 'configuration', status: 404 }],
    [
      'an error of the server',
      (response) => response.writeHead(503, { 'retry-after': '9' }).end(),
      { code: 'refresh_unavailable', status: 503, retryAfterMs: 9000 },
    ],
    [
      'too many requests',
      (response) => response.writeHead(429).end(),
      { code: 'refresh_unavailable', status: 429 },
    ],
    [
      'a redirect',
      (response) => response.writeHead(302, { location: '/token' }).end(),
      { code: 'refresh_unavailable', status: 302 },
    ],
    ['a reset', (response) => response.socket!.resetAndDestroy(), { code: 'refresh_unavailable' }],
    ['nothing, for ever', () => undefined, { code: 'refresh_unavailable' }],
    [
      'half an answer',
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":'),
      { code: 'refresh_unavailable', status: 200 },
    ],
    [
      '10 MB',
      (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(10_485_760, 48)),
      { code: 'refresh_unavailable', status: 200 },
    ],
    [
      'another issuer',
      (response, origin) =>
        sendJson(response, { issuer: 'https://evil.example', token_endpoint: `${origin}/token` }),
      { code: 'configuration', message: expect.stringContaining('another issuer') },
    ],
    [
      'no token endpoint',
      (response, origin) => sendJson(response, { issuer: `${origin}/tenant` }),
      { code: 'configuration', message: expect.stringContaining('token_endpoint') },
    ],
    [
      'an endpoint in plain text',
      (response, origin) =>
        sendJson(response, { issuer: `${origin}/tenant`, token_endpoint: 'http://id.example.com/token' }),
      { code: 'configuration', message: expect.stringContaining('plain http') },
    ],
    [
      'an endpoint that is none',
      (response, origin) => sendJson(response, { issuer: `${origin}/tenant`, token_endpoint: { a: 1 } }),
      { code: 'configuration' },
    ],
  ])('fails without a token having been sent, and is asked again: %s', async (_what, answer, expected) => {
    let isUp = false;
    const refresh = await issuing(
      { [OPENID]: (response, origin) => (isUp ? metadata : answer)(response, origin) },
      { timeoutMs: 300, clientSecret: 'secret-canary' },
    );
    const error = await failure(refresh(held));
    expect(error).toMatchObject(expected);
    expect(isLost(error)).toBe(false);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|127\.0|evil/);
    expect(paths()).not.toContain('/token');

    isUp = true;
    const isCached = ['no token endpoint', 'an endpoint in plain text', 'an endpoint that is none'].includes(
      _what,
    );
    if (!isCached) expect((await refresh(held)).status).toBe(200);
  });

  it('is not begun for one who has left already, where nobody would hear it fail', async () => {
    const refresh = await issuing({});
    const leaving = new AbortController();
    const left = failure(refresh(held, leaving));
    leaving.abort(new Error('gone')); // while oauth4webapi is being loaded
    expect(await left).toEqual(new Error('gone'));
    expect(await failure(refresh(held))).toMatchObject({ code: 'configuration' }); // would have joined it
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection fails the test
    expect(paths()).toEqual([OPENID, RFC8414]);
  });

  it('goes on when one who waits has left', async () => {
    let answer: (() => void) | undefined;
    const refresh = await issuing({
      [OPENID]: (response, origin) => (answer = () => void metadata(response, origin)),
    });
    const leaving = new AbortController();
    const left = failure(refresh(held, leaving));
    const stayed = refresh(held);
    while (!answer) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort(new Error('gone'));
    expect(await left).toEqual(new Error('gone'));
    answer();
    expect((await stayed).status).toBe(200);
    expect(paths()).toEqual([OPENID, '/token']);
  });
});

describe('without oauth4webapi', () => {
  it.each([
    ['ERR_MODULE_NOT_FOUND', 'npm install oauth4webapi'],
    ['MODULE_NOT_FOUND', 'npm install oauth4webapi'],
    ['ERR_REQUIRE_ESM', 'does not load'],
  ])('says what to do: %s', async (code, message) => {
    const missing = () => Promise.reject(Object.assign(new Error(), { code }));
    const error = await failure(oauth4webapi(missing));
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringContaining(message) });
    server = await plainServer(() => undefined);
  });

  it.each([
    ['Chromium', new TypeError('Failed to fetch dynamically imported module: https://app.example/chunk.js')],
    ['webpack', Object.assign(new Error('Loading chunk 7 failed.'), { name: 'ChunkLoadError' })],
  ])('may come to be there: where it could not be fetched, by %s', async (_, thrown) => {
    const error = await failure(oauth4webapi(() => Promise.reject(thrown)));
    expect(error).toMatchObject({ code: 'refresh_unavailable' });
    expect(error).not.toHaveProperty('ambiguous', true);
    expect(String(error)).not.toContain('app.example');
    server = await plainServer(() => undefined);
  });
});
