import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { type ClientOptions, revokeToken } from 'rx-token/oauth';
import { plainServer, type PlainServer, sendJson } from '../helpers/plainServer.js';

const held = { access_token: 'A1-canary', refresh_token: 'R1-canary' };

let server: PlainServer;
afterEach(() => server.close());

async function revoking(answer: (response: ServerResponse) => unknown, options: Partial<ClientOptions> = {}) {
  server = await plainServer((_asked, response) => void answer(response));
  const revocationEndpoint = `${server.origin}/revoke`;
  return revokeToken({ revocationEndpoint, clientId: 'me', clientSecret: 'secret-canary', ...options });
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );

describe('revokeToken', () => {
  it('revokes the refresh token, as RFC 7009 section 2.1 says', async () => {
    const revoke = await revoking((response) => response.writeHead(200).end(), {
      parameters: { tenant: '1' },
    });
    expect(await revoke(held)).toBeUndefined();
    const [{ method, form, headers }] = server.asked as [(typeof server.asked)[0]];
    expect(method).toBe('POST');
    expect(form).toEqual({ token: 'R1-canary', token_type_hint: 'refresh_token', tenant: '1' });
    expect(headers.authorization).toMatch(/^Basic /);
  });

  it.each([{ access_token: 'A1' }, { access_token: 'A1', refresh_token: '' }])(
    'else the access token',
    async (credentials) => {
      const revoke = await revoking((response) => response.writeHead(200).end());
      await revoke(credentials);
      expect(server.asked[0]!.form).toEqual({ token: 'A1', token_type_hint: 'access_token' });
    },
  );

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['204', (response) => response.writeHead(204).end()],
    ['200 with a page', (response) => response.end('<p>done')],
    [
      'a token that is revoked already, as Google says it',
      (response) => sendJson(response, { error: 'invalid_token' }, 400),
    ],
  ])('has done it: %s', async (_what, answer) => {
    expect(await (await revoking(answer))(held)).toBeUndefined();
  });

  it.each<[string, (response: ServerResponse) => unknown, object]>([
    [
      '503',
      (response) => response.writeHead(503, { 'retry-after': '3' }).end('R1-canary'),
      { code: 'refresh_unavailable', status: 503, retryAfterMs: 3000 },
    ],
    [
      'a server that is down, whatever it says',
      (response) => sendJson(response, { error: 'invalid_token' }, 503),
      { code: 'refresh_unavailable', status: 503 },
    ],
    ['429', (response) => response.writeHead(429).end(), { code: 'refresh_unavailable', status: 429 }],
    [
      'a redirect',
      (response) => response.writeHead(308, { location: '/' }).end(),
      { code: 'refresh_unavailable', status: 308 },
    ],
    [
      'a client that is unknown',
      (response) => sendJson(response, { error: 'invalid_client' }, 401),
      { code: 'configuration', error: 'invalid_client' },
    ],
    [
      'an error that quotes the token',
      (response) => sendJson(response, { error: 'R1-canary 1' }, 400),
      { code: 'configuration', error: undefined },
    ],
    [
      'an error with 200',
      (response) => sendJson(response, { error: 'server_error' }),
      { code: 'refresh_unavailable', error: 'server_error' },
    ],
    ['a reset', (response) => response.socket!.resetAndDestroy(), { code: 'refresh_unavailable' }],
    [
      '10 MB',
      (response) => response.writeHead(200).end(Buffer.alloc(10_485_760)),
      { code: 'refresh_unavailable' },
    ],
    ['nothing, for ever', () => undefined, { code: 'refresh_unavailable' }],
  ])('asks once, and fails: %s', async (_what, answer, expected) => {
    const error = await failure((await revoking(answer, { timeoutMs: 300 }))(held));
    expect(error).toMatchObject(expected);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|127\.0/);
    expect(server.asked).toHaveLength(1);
  });

  it('ends with its signal, and so does the request', async () => {
    const closed: unknown[] = [];
    const revoke = await revoking((response) => response.on('close', () => closed.push(true)));
    const aborting = new AbortController();
    const revoked = failure(revoke(held, aborting));
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    aborting.abort(new Error('enough'));
    expect(await revoked).toEqual(new Error('enough'));
    while (closed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
