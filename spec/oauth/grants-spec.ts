import { afterEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import * as oauth from 'oauth4webapi';
import {
  createTokenManager,
  type Credentials,
  memoryStore,
  TokenError,
  type TokenManagerConfig,
} from 'rx-token';
import { generic, type ProviderProfile } from 'rx-token/providers';
import { classifyThrown } from '../../src/classify.js';
import { isLost } from '../../src/errors.js';
import { clientCredentialsGrant, type GrantOptions, refreshTokenGrant } from 'rx-token/oauth';
import { until } from '../helpers/until.js';
import { type Asked, plainServer, type PlainServer, sendJson } from '../helpers/plainServer.js';

const held: Credentials = { access_token: 'A1-canary', refresh_token: 'R1-canary', expires_at: 1 };
const granted = { access_token: 'A2', refresh_token: 'R2', token_type: 'bearer', expires_in: 3600 };
const clientSecret = 'secret-canary';

let server: PlainServer;
afterEach(() => server.close());

async function serving(
  answer: (asked: Asked, response: ServerResponse) => void,
  options: Partial<GrantOptions> = {},
) {
  server = await plainServer(answer);
  const all = { tokenEndpoint: `${server.origin}/token`, clientId: 'my app', ...options };
  return { all, refresh: refreshTokenGrant(all) };
}

function managing(config: TokenManagerConfig) {
  return createTokenManager({ store: memoryStore(held), maxWaitMs: 0, ...config });
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );

describe('refreshTokenGrant', () => {
  it('sends what RFC 6749 section 6 says, and hands the answer to the manager', async () => {
    const { refresh } = await serving((_asked, response) => sendJson(response, granted));
    const tokens = managing({ refresh });
    expect(await tokens.getCredentials()).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
    expect(server.asked).toHaveLength(1);
    const [{ method, path, headers, form }] = server.asked as [Asked];
    expect([method, path, headers['content-type'], headers.accept]).toEqual([
      'POST',
      '/token',
      'application/x-www-form-urlencoded;charset=UTF-8',
      'application/json',
    ]);
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: 'R1-canary', client_id: 'my app' });
  });

  it.each<[string, Partial<GrantOptions>, { authorization?: string; form?: object }]>([
    [
      'by the header, with a secret',
      { clientSecret },
      { authorization: `Basic ${btoa('my+app:secret%2Dcanary')}` },
    ],
    [
      'in the body',
      { clientSecret, clientAuthentication: 'client_secret_post' },
      { form: { client_id: 'my app', client_secret: clientSecret } },
    ],
    [
      'as its provider wants it',
      { clientSecret, provider: { name: 'a', reuse: 'strict', clientAuthentication: 'client_secret_post' } },
      { form: { client_secret: clientSecret } },
    ],
    [
      'by a method of oauth4webapi',
      { clientAuthentication: oauth.ClientSecretJwt(clientSecret) },
      { form: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' } },
    ],
    [
      'by a method of one’s own',
      { clientAuthentication: (_server, { client_id }, body) => body.set('key', client_id) },
      { form: { key: 'my app' } },
    ],
  ])('says who the client is %s', async (_how, options, { authorization, form = {} }) => {
    const { refresh } = await serving((_asked, response) => sendJson(response, granted), options);
    await refresh(held);
    expect(server.asked[0]!.headers.authorization).toBe(authorization);
    expect(server.asked[0]!.form).toMatchObject(form);
  });

  it('signs with a private key, for the issuer that was given', async () => {
    const { privateKey } = await oauth.generateKeyPair('ES256');
    const { refresh } = await serving((_asked, response) => sendJson(response, granted), {
      issuer: 'https://id.example.com',
      clientAuthentication: oauth.PrivateKeyJwt(privateKey),
    });
    await refresh(held);
    const [, claims = ''] = server.asked[0]!.form['client_assertion']!.split('.');
    expect(JSON.parse(atob(claims))).toMatchObject({ aud: 'https://id.example.com', sub: 'my app' });
  });

  it('sends the scope, parameters and headers that were given', async () => {
    const { refresh } = await serving((_asked, response) => sendJson(response, granted), {
      provider: { name: 'a', reuse: 'strict', headers: { Accept: 'application/vnd.a+json', 'X-B': '1' } },
      scope: 'read write',
      parameters: { audience: 'api' },
      headers: { 'x-b': '2' },
    });
    await refresh(held);
    expect(server.asked[0]!.form).toMatchObject({ scope: 'read write', audience: 'api' });
    expect(server.asked[0]!.headers).toMatchObject({ accept: 'application/vnd.a+json', 'x-b': '2' });
  });

  it('leaves the scope out where the provider wants none', async () => {
    const { refresh } = await serving((_asked, response) => sendJson(response, granted), {
      provider: { name: 'a', reuse: 'strict', omitsScope: true },
      scope: 'read',
    });
    await refresh(held);
    expect(server.asked[0]!.form).not.toHaveProperty('scope');
  });

  it('sends JSON where the provider wants that', async () => {
    const { refresh } = await serving((_asked, response) => sendJson(response, granted), {
      provider: { name: 'a', reuse: 'strict', requestFormat: 'json' },
    });
    await refresh(held);
    const [{ headers, body }] = server.asked as [Asked];
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'R1-canary',
      client_id: 'my app',
    });
  });

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['expires_in as text', (response) => sendJson(response, { ...granted, expires_in: '3600' })],
    ['no token_type', (response) => sendJson(response, { ...granted, token_type: undefined })],
    [
      'a form',
      (response) =>
        response.writeHead(200).end(new URLSearchParams({ ...granted, expires_in: '3600' }).toString()),
    ],
    [
      'another type of content',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(granted)),
    ],
    ['201', (response) => sendJson(response, granted, 201)],
    [
      'gzip',
      (response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(granted))),
    ],
  ])('takes what oauth4webapi alone would not: %s', async (_what, answer) => {
    const { refresh } = await serving((_asked, response) => void answer(response));
    expect(await managing({ refresh }).getCredentials()).toMatchObject({ access_token: 'A2' });
  });

  it.each([
    ['a reason phrase that is not Latin', '200 \u0425\u043e\u0440\u043e\u0448\u043e', 'A2'],
    ['a status that no Response can have', '999 Denied', { code: 'refresh_unavailable', status: 999 }],
  ])('takes what undici lets through: %s', async (_what, line, expected) => {
    const { refresh } = await serving((_asked, response) => {
      response.socket!.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n\r\n${JSON.stringify(granted)}`);
    });
    const outcome = await failure(managing({ refresh }).getValidToken());
    expect(outcome).toEqual(typeof expected === 'string' ? expected : expect.objectContaining(expected));
    expect(inspect(outcome)).not.toContain('R2');
  });

  const zeros = Buffer.alloc(10 * 1024 * 1024, 48);
  const zipped = gzipSync(zeros);
  it.each<[string, (response: ServerResponse) => unknown, object]>([
    [
      'a redirect, which is not followed',
      (response) => response.writeHead(307, { location: '/other' }).end(),
      { code: 'refresh_unavailable', status: 307, ambiguous: false },
    ],
    [
      '429 with Retry-After',
      (response) => sendJson(response, {}, 429, { 'retry-after': '7' }),
      { code: 'refresh_unavailable', status: 429, retryAfterMs: 7000 },
    ],
    [
      '502 with a page',
      (response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
      { code: 'refresh_unavailable', status: 502, ambiguous: false },
    ],
    [
      'an error with 200',
      (response) => sendJson(response, { error: 'invalid_grant' }),
      { code: 'refresh_rejected', error: 'invalid_grant' },
    ],
    [
      'invalid_grant',
      (response) => sendJson(response, { error: 'invalid_grant' }, 400),
      { code: 'refresh_rejected' },
    ],
    [
      'invalid_client',
      (response) => sendJson(response, { error: 'invalid_client' }, 401, { 'www-authenticate': 'Basic' }),
      { code: 'configuration', status: 401 },
    ],
    [
      '10 MB',
      (response) => response.writeHead(200).end(zeros),
      { code: 'refresh_unavailable', ambiguous: true, message: expect.stringContaining('larger than 1 MiB') },
    ],
    [
      '10 MB in 10 kB',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(zipped),
      { ambiguous: true, message: expect.stringContaining('larger than 1 MiB') },
    ],
    ['10 MB of an error', (response) => response.writeHead(503).end(zeros), { status: 503 }],
    [
      'nothing',
      (response) => response.writeHead(200).end(),
      { code: 'refresh_unavailable', ambiguous: true },
    ],
    [
      'half of it',
      (response) => response.writeHead(200, { 'content-length': 999 }).end('{"access_token":"A2'),
      { code: 'refresh_unavailable', ambiguous: true },
    ],
    [
      'a reset',
      (response) => response.socket!.resetAndDestroy(),
      { code: 'refresh_unavailable', ambiguous: true },
    ],
    ['nothing at all, for ever', () => undefined, { code: 'refresh_unavailable', ambiguous: true }],
  ])('is asked once, and ends in the right class: %s', async (_what, answer, expected) => {
    const { refresh } = await serving((_asked, response) => void answer(response), { clientSecret });
    const error = await failure(managing({ refresh, refreshTimeoutMs: 2_000 }).getValidToken());
    expect(error).toBeInstanceOf(TokenError);
    expect({ ...(error as object), message: String(error), ambiguous: isLost(error) }).toMatchObject(
      expected,
    );
    expect(server.asked).toHaveLength(1);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|127\.0/);
  });

  it('reads of a body without an end no more than a megabyte, and lets go of the connection', async () => {
    let sent = 0;
    let isClosed = false;
    const { refresh } = await serving((_asked, response) => {
      response.on('close', () => (isClosed = true));
      const more = () => {
        if (!isClosed)
          response.write(zeros.subarray(0, 65_536), () => {
            sent += 65_536;
            setImmediate(more);
          });
      };
      more();
    });
    expect(await failure(managing({ refresh }).getValidToken())).toMatchObject({ ambiguous: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isClosed).toBe(true);
    expect(sent).toBeLessThan(8 * 1024 * 1024); // what lies in sockets on the way, but not in a string
  });

  it('sends nothing where nobody listens, which is not ambiguous', async () => {
    const { refresh } = await serving(() => undefined);
    await server.close();
    const error = await failure(managing({ refresh }).getValidToken());
    expect(error).toMatchObject({
      code: 'refresh_unavailable',
    });
    expect(error).toHaveProperty('ambiguous', false);
  });

  it('ends with its signal', async () => {
    const { refresh } = await serving(() => undefined);
    const aborting = new AbortController();
    const asking = failure(refresh(held, aborting));
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    aborting.abort(new Error('enough'));
    expect(await asking).toEqual(new Error('enough'));
    expect(await failure(refresh(held, aborting))).toEqual(new Error('enough'));
    expect(server.asked).toHaveLength(1);
  });

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['an answer', () => undefined],
    ['the rest of an answer', (response) => response.writeHead(200).write('{"access_token":')],
  ])('waits no longer than timeoutMs for %s where no manager does', async (_what, answer) => {
    const closed: unknown[] = [];
    const { refresh } = await serving(
      (_asked, response) => void answer(response.on('close', () => closed.push(true))),
      { timeoutMs: 299.5 },
    );
    const error = await failure(refresh({ refresh_token: 'R1-canary' }).then((response) => response.text()));
    expect(isLost(classifyThrown(error, generic, 0))).toBe(true);
    await until(() => closed.length === 1); // the request has ended, too
  });

  it('leaves it to a manager how long to wait', async () => {
    let answer = (): unknown => undefined;
    const { refresh } = await serving((_asked, response) => (answer = () => sendJson(response, granted)), {
      timeoutMs: 1,
    });
    const token = managing({ refresh }).getValidToken();
    await until(() => server.asked.length === 1);
    setTimeout(answer, 20);
    expect(await token).toBe('A2');
  });

  it('tells a key that cannot be reached from a request that was lost', async () => {
    const { refresh } = await serving(() => undefined, {
      clientAuthentication: () => Promise.reject(Object.assign(new Error('canary'), { code: 'ETIMEDOUT' })),
    });
    const error = await failure(refresh(held));
    expect(error).toMatchObject({
      code: 'refresh_unavailable',
      message: 'The client could not be authenticated',
    });
    expect(error).not.toHaveProperty('ambiguous', true);
    expect(server.asked).toEqual([]);
  });

  it('has nothing to send without a refresh token', async () => {
    const { refresh } = await serving(() => undefined);
    expect(await failure(refresh({}))).toMatchObject({ code: 'no_credentials' });
  });

  it('takes a fetch, and what a browser says of a redirect', async () => {
    const opaque = Object.defineProperty.bind(Object);
    const { refresh } = await serving(() => undefined, {
      fetch: () =>
        Promise.resolve(opaque(new Response(null, { status: 200 }), 'type', { value: 'opaqueredirect' })),
    });
    expect(await failure(refresh(held))).toMatchObject({ message: expect.stringContaining('redirect') });
  });
});

describe('a profile that a grant was given', () => {
  const provider: ProviderProfile = {
    name: 'acme',
    reuse: 'strict',
    terminalErrors: ['TOKEN_GONE'],
    headers: { 'x-key': 'key-canary' },
  };

  it.each([
    ['is that of the manager, too', undefined, 'refresh_rejected'],
    ['gives way to one that the manager was given', 'generic', 'refresh_unavailable'],
  ])('%s', async (_what, ofManager, code) => {
    const answer = { error: 'TOKEN_GONE' };
    const { refresh } = await serving((_asked, response) => sendJson(response, answer, 400), { provider });
    const tokens = managing({ refresh, provider: ofManager });
    expect(await failure(tokens.getValidToken())).toMatchObject({ code });
  });

  it('also where a client acquires by itself', async () => {
    const seen: unknown[] = [];
    const { all } = await serving((_asked, response) => sendJson(response, {}, 503), {
      provider: { ...provider, normalize: (body: unknown) => seen.push(body) },
    });
    await failure(createTokenManager({ acquire: clientCredentialsGrant(all), maxWaitMs: 0 }).getValidToken());
    expect(seen).toEqual([{}]);
  });

  it('can be read, and is not printed', async () => {
    const { refresh } = await serving(() => undefined, { provider });
    expect(refresh.profile).toBe(provider);
    expect(inspect(refresh, { depth: 9 })).not.toContain('canary');
  });
});

describe('clientCredentialsGrant', () => {
  it('serves as acquire, and as refresh', async () => {
    let count = 0;
    const { all } = await serving((_asked, response) =>
      sendJson(response, { access_token: `A${++count}`, expires_in: 60 }),
    );
    const acquire = clientCredentialsGrant({
      ...all,
      clientSecret,
      scope: 'jobs',
      parameters: { audience: 'api' },
    });
    const tokens = createTokenManager({ acquire, refresh: acquire });
    expect(await tokens.getValidToken()).toBe('A1');
    await tokens.invalidate();
    expect(await tokens.getValidToken()).toBe('A2');
    const form = { grant_type: 'client_credentials', scope: 'jobs', audience: 'api' };
    expect(server.asked.map((asked) => asked.form)).toEqual([form, form]);
    expect(server.asked[1]!.headers.authorization).toMatch(/^Basic /);
  });

  it('can be called without a manager', async () => {
    const { all } = await serving((_asked, response) => sendJson(response, granted));
    expect((await clientCredentialsGrant(all)()).status).toBe(200);
  });
});
