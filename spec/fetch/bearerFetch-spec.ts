import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import ky from 'ky';
import createClient from 'openapi-fetch';
import { createTokenManager, memoryStore, type TokenManagerConfig } from 'rx-token';
import { bearerFetch, type BearerFetchConfig } from 'rx-token/fetch';
import { fakeAuthorizationServer, refreshOverHttp } from 'rx-token/testing';
import { codeOf } from '../helpers/diary.js';
import { type Arrived, listeningApi } from '../helpers/listeningApi.js';
import { until } from '../helpers/until.js';

type Fetch = typeof globalThis.fetch;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  jest.restoreAllMocks();
});

/**
 * A provider and an API over HTTP, and a manager that holds A1. The API says 401 to tokens that the provider would
 * not let pass, with a body that shows it.
 */
async function world({
  refused = false,
  manager = {},
  targets = [],
}: {
  /** The access token is revoked, and nobody knows. */
  readonly refused?: boolean;
  readonly manager?: Partial<TokenManagerConfig>;
  readonly targets?: BearerFetchConfig['targets'];
} = {}) {
  const server = fakeAuthorizationServer({
    tokenName: (kind, count) => `${kind === 'access' ? 'A' : 'R'}${count}`,
  });
  const provider = await server.listen();
  const tokens = createTokenManager({
    store: memoryStore({ access_token: 'A1', refresh_token: 'R1' }),
    refresh: refreshOverHttp(provider.url),
    maxWaitMs: 0,
    ...manager,
  });
  cleanUps.push(
    () => tokens.dispose(),
    () => provider.close(),
  );
  server.signIn();
  if (refused) server.revoke('A1');

  const api = await listeningApi(({ token = '', url }, response) => {
    if (url.startsWith('/hang')) return;
    if (url.startsWith('/to?')) return void response.writeHead(307, { location: url.slice(4) }).end();
    if (url.startsWith('/forbidden')) return void response.writeHead(403).end('forbidden');
    if (!server.isAccessTokenValid(token)) return void response.writeHead(401).end(`refused ${token}`);
    response.end(`welcome ${token}`);
  });
  const fetch = bearerFetch(tokens, { targets: [api.origin, ...targets] });
  return { server, tokens, api, fetch };
}

/** A `fetch` that answers at once, and notes what it was called with. */
function stub(
  answer: (...args: Parameters<Fetch>) => Response | Promise<Response> = () => new Response('ok'),
) {
  const calls: Parameters<Fetch>[] = [];
  const fetch: Fetch = async (...args) => {
    calls.push(args);
    return answer(...args);
  };
  return { fetch, calls };
}

const bearerOf = (init: RequestInit | undefined): string | null =>
  new Headers(init?.headers).get('authorization');

/** A manager as far as it is needed, that counts. */
function twoTokens(renew: () => Promise<string> = () => Promise.resolve('A2')) {
  return {
    getValidToken: jest.fn(() => Promise.resolve('A1')),
    renew: jest.fn<(rejected: string) => Promise<string>>(renew),
  };
}
const targets = ['https://api.example.com/v1'];
const url = 'https://api.example.com/v1/me';
const refusing = (error?: string) => () =>
  new Response('refused', {
    status: 401,
    headers: error === undefined ? {} : { 'www-authenticate': `Bearer realm="x", error="${error}"` },
  });
const streamOf = (text: string): ReadableStream<Uint8Array> => new Blob([text]).stream();

describe('a request to a target', () => {
  it('carries a valid token', async () => {
    const { api, fetch, server } = await world();
    const response = await fetch(`${api.origin}/me`, { headers: { 'x-mine': 'kept' } });
    expect([response.status, await response.text()]).toEqual([200, 'welcome A1']);
    expect(api.arrived[0]).toMatchObject({ method: 'GET', url: '/me', headers: { 'x-mine': 'kept' } });
    expect(server.counters.requests).toBe(0);
  });

  it('waits for a token where a refresh is needed', async () => {
    const { api, fetch, tokens } = await world();
    await tokens.invalidate();
    expect(await (await fetch(api.origin)).text()).toBe('welcome A2');
    expect(api.tokens).toEqual(['A2']);
  });

  it.each<[string, RequestInit]>([
    ['an object', { headers: { 'x-mine': 'kept' } }],
    ['a list', { headers: [['x-mine', 'kept']] }],
    ['Headers', { headers: new Headers({ 'x-mine': 'kept' }) }],
  ])('changes nothing of the headers that it is given as %s', async (_what, init) => {
    const before = inspect(init);
    const { fetch, calls } = stub();
    await bearerFetch(twoTokens(), { targets, fetch })(url, init);
    expect(inspect(init)).toBe(before);
    expect([...new Headers(calls[0]![1]!.headers)]).toEqual([
      ['authorization', 'Bearer A1'],
      ['x-mine', 'kept'],
    ]);
  });

  it('keeps its own authorization, and asks for no token', async () => {
    const tokens = twoTokens();
    const { fetch, calls } = stub(refusing());
    const bearer = bearerFetch(tokens, { targets, fetch });
    const init = { headers: { Authorization: 'Basic abc' } };
    expect((await bearer(url, init)).status).toBe(401);
    const request = new Request(url, init);
    await bearer(request);
    expect(calls[0]![0]).toBe(url);
    expect(calls[0]![1]).toBe(init);
    expect(calls[1]![0]).toBe(request);
    await bearer(url, { headers: [['AUTHORIZATION', 'mine']] });
    await bearer(request, { headers: new Headers(init.headers) });
    expect(calls.map(([, init]) => bearerOf(init))).toEqual(['Basic abc', null, 'mine', 'Basic abc']);
    expect(tokens.getValidToken).not.toHaveBeenCalled();
    expect(tokens.renew).not.toHaveBeenCalled();
  });

  it('that is a Request keeps its method, headers, body and signal', async () => {
    const { api, fetch } = await world({ refused: true });
    const { signal } = new AbortController();
    const headers = { 'x-mine': 'kept', 'content-type': 'text/x-mine' };
    const request = new Request(`${api.origin}/me`, { method: 'PUT', headers, body: 'hello', signal });
    expect(await (await fetch(request)).text()).toBe('welcome A2');
    expect(api.arrived.map(({ method, headers, text }) => [method, headers['x-mine'], text])).toEqual(
      Array(2).fill(['PUT', 'kept', 'hello']),
    );
    expect(api.arrived[1]!.headers['content-type']).toBe('text/x-mine');
    expect(request.bodyUsed).toBe(true); // as `fetch` leaves it
  });

  it.each([undefined, {}])(
    'that is a Request keeps what options would make fetch forget: %p',
    async (init) => {
      const { fetch, calls } = stub(refusing());
      const request = new Request(url, { referrer: '', referrerPolicy: 'no-referrer' });
      await bearerFetch(twoTokens(), { targets, fetch })(request, init);
      const sent = calls.map((args) => new Request(...args));
      expect(sent.map(({ referrer, referrerPolicy }) => [referrer, referrerPolicy])).toEqual(
        Array(2).fill(['', 'no-referrer']),
      );
    },
  );

  it('that is a Request gives way to the options beside it', async () => {
    const { api, fetch } = await world({ refused: true });
    const request = new Request(api.origin, { method: 'PUT', headers: { 'x-mine': 'old' }, body: 'old' });
    const init = { method: 'POST', headers: { 'x-mine': 'new' }, body: 'new' };
    expect(await (await fetch(request, init)).text()).toBe('welcome A2');
    expect(api.arrived.map(({ method, headers, text }) => [method, headers['x-mine'], text])).toEqual(
      Array(2).fill(['POST', 'new', 'new']),
    );
    expect(request.bodyUsed).toBe(false);
  });

  it('takes a Request for the options too, as fetch does', async () => {
    const { api, fetch } = await world({ refused: true });
    const like = new Request('https://elsewhere.example', {
      method: 'PUT',
      headers: { 'x-mine': '1' },
      body: 'b',
    });
    expect((await fetch(api.origin, like)).status).toBe(200);
    expect(api.arrived.map(({ method, headers, text }) => [method, headers['x-mine'], text])).toEqual(
      Array(2).fill(['PUT', '1', 'b']),
    );
  });

  it('takes options that are inherited, as fetch does', async () => {
    const { api, fetch } = await world({ refused: true });
    const init = Object.create({ method: 'PUT', body: 'hello' }) as RequestInit;
    expect((await fetch(api.origin, init)).status).toBe(200);
    expect(api.arrived.map(({ method, text }) => [method, text])).toEqual(Array(2).fill(['PUT', 'hello']));
  });

  it('goes where it was compared to go, whatever becomes of the arguments while a token is waited for', async () => {
    const { fetch, calls } = stub();
    const target = new URL(url);
    const init: RequestInit = { method: 'DELETE' };
    const answer = bearerFetch(twoTokens(), { targets, fetch })(target, init);
    target.host = 'evil.net';
    init.method = 'GET';
    await answer;
    expect(calls).toEqual([[url, expect.objectContaining({ method: 'DELETE' })]]);
  });

  it('is spelled as it was compared, so that no other parser takes it for something else', async () => {
    const { fetch, calls } = stub();
    await bearerFetch(twoTokens(), { targets, fetch })('https://api.example.com\\v1\\x/..\\@evil.net');
    expect(calls.map(([input]) => input)).toEqual(['https://api.example.com/v1/@evil.net']);
  });

  it('is found by a relative URL where there is a page', async () => {
    const page = globalThis as { document?: unknown; location?: unknown };
    cleanUps.push(() => {
      delete page.document;
      delete page.location;
    });
    const { fetch, calls } = stub();
    const bearer = bearerFetch(twoTokens(), { targets, fetch });
    await bearer('me');
    page.location = { href: 'https://api.example.com/v1/page' };
    await bearer('me');
    page.document = { baseURI: 'https://elsewhere.example/' };
    await bearer('me');
    expect(calls.map(([input, init]) => [input, bearerOf(init)])).toEqual([
      ['me', null],
      [url, 'Bearer A1'],
      ['me', null],
    ]);
  });
});

describe('a request to anything else', () => {
  it.each<[string, Parameters<Fetch>]>([
    ['another origin', ['https://other.example/', { headers: { a: 'b' } }]],
    ['a lookalike', ['https://api.example.com.evil.net/v1/', undefined]],
    ['another path', [new URL('https://api.example.com/v2'), { body: streamOf('x') }]],
    ['a Request elsewhere', [new Request('https://other.example/'), { method: 'PUT' }]],
    ['a URL with a user name', ['https://me:hush@api.example.com/v1', {}]],
    ['a relative URL, where there is no page', ['/v1/me', {}]],
    ['no URL at all', ['', {}]],
  ])('passes through untouched, and asks for no token: %s', async (_what, [input, init]) => {
    const tokens = twoTokens();
    const { fetch, calls } = stub(refusing());
    const response = await bearerFetch(tokens, { targets, fetch })(input, init);
    expect(response.status).toBe(401);
    expect(calls).toHaveLength(1);
    expect(calls[0]![0]).toBe(input);
    expect(calls[0]![1]).toBe(init);
    expect(tokens.getValidToken).not.toHaveBeenCalled();
    expect(tokens.renew).not.toHaveBeenCalled();
  });

  it('passes through where only other methods are targets', async () => {
    const { fetch, calls } = stub();
    const bearer = bearerFetch(twoTokens(), { targets: [{ url, methods: ['GET'] }], fetch });
    await bearer(url, { method: 'POST' });
    await bearer(new Request(url, { method: 'POST' }));
    await bearer(new Request(url, { method: 'POST' }), { method: 'get' });
    await bearer(url);
    expect(calls.map(([, init]) => bearerOf(init))).toEqual([null, null, 'Bearer A1', 'Bearer A1']);
  });

  it('fails as fetch does', async () => {
    const { fetch } = await world();
    await expect(fetch('nonsense')).rejects.toMatchObject({ name: 'TypeError' });
  });
});

describe('after a 401', () => {
  it('renews and sends once more', async () => {
    const { api, fetch, server } = await world({ refused: true });
    const response = await fetch(`${api.origin}/me`);
    expect([response.status, await response.text()]).toEqual([200, 'welcome A2']);
    expect(api.tokens).toEqual(['A1', 'A2']);
    expect(server.counters.requests).toBe(1);
  });

  it('sends with a newer token, and asks for none, where there is one already', async () => {
    const { api, fetch, server, tokens } = await world();
    const early = fetch(`${api.origin}/hang`);
    early.catch(() => undefined);
    server.revoke('A1');
    await tokens.renew('A1');
    expect(
      await (
        await bearerFetch(
          { ...tokens, getValidToken: () => Promise.resolve('A1') },
          { targets: [api.origin] },
        )(api.origin)
      ).text(),
    ).toBe('welcome A2');
    expect(server.counters.requests).toBe(1);
  });

  it('refreshes once for fifty, and sends each at most twice', async () => {
    const { api, fetch, server } = await world({ refused: true });
    const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
    const texts = await Promise.all(paths.map(async (path) => (await fetch(api.origin + path)).text()));
    expect(texts).toEqual(Array(50).fill('welcome A2'));
    expect(server.counters).toMatchObject({ requests: 1, refreshes: 1, reuses: 0 });
    const times = paths.map((path) => api.arrived.filter(({ url }) => url === path).length);
    expect(Math.max(...times)).toBe(2);
  });

  it('answers with the second 401, readable, and goes on no further', async () => {
    const { api, fetch, server } = await world({ refused: true });
    const isValid = jest.spyOn(server, 'isAccessTokenValid').mockReturnValue(false);
    const response = await fetch(api.origin);
    expect([response.status, await response.text()]).toEqual([401, 'refused A2']);
    expect(api.tokens).toEqual(['A1', 'A2']);
    expect(server.counters.requests).toBe(1);
    isValid.mockRestore();
  });

  it.each([
    ['a refresh that fails for now', 'unavailable'],
    ['a refresh that is refused', 'invalid_grant'],
    ['a token that stays the same', 'same'],
    ['nobody to sign in', 'signed out'],
  ])('answers with the 401, readable, after %s', async (_what, how) => {
    const { api, fetch, server, tokens } = await world({
      refused: true,
      ...(how === 'same' && { manager: { refresh: () => ({ access_token: 'A1' }) } }),
    });
    if (how === 'unavailable') server.faults.next({ status: 503 });
    if (how === 'invalid_grant') server.revoke('R1');
    const response = await (how === 'signed out'
      ? bearerFetch(
          { ...tokens, getValidToken: async () => (await tokens.clear(), 'A1') },
          { targets: [api.origin] },
        )(api.origin)
      : fetch(new Request(api.origin, { method: 'POST', body: 'x' })));
    expect([response.status, await response.text()]).toEqual([401, 'refused A1']);
    expect(api.tokens).toEqual(['A1']);
  });

  it.each<[string, () => Response]>([
    ['a 403', () => new Response('forbidden', { status: 403 })],
    ['a 401 for want of scope', refusing('insufficient_scope')],
    ['a 401 for a bad request', refusing('invalid_request')],
    ['a 500', () => new Response('broken', { status: 500 })],
    ['a 407', () => new Response('proxy', { status: 407 })],
  ])('but not after %s', async (_what, answer) => {
    const tokens = twoTokens();
    const { fetch, calls } = stub(answer);
    const response = await bearerFetch(tokens, { targets, fetch })(url);
    expect(response.bodyUsed).toBe(false);
    expect(calls).toHaveLength(1);
    expect(tokens.renew).not.toHaveBeenCalled();
  });

  it('tells its own token apart: the replay carries the new one, the first call keeps the old', async () => {
    const { fetch, calls } = stub(refusing('invalid_token'));
    const tokens = twoTokens();
    await bearerFetch(tokens, { targets, fetch })(url, { headers: new Headers() });
    expect(calls.map(([, init]) => bearerOf(init))).toEqual(['Bearer A1', 'Bearer A2']);
    expect(tokens.renew.mock.calls).toEqual([['A1']]);
  });

  it('passes on what sending once more fails with', async () => {
    const { fetch } = stub((_input, init) => {
      if (bearerOf(init) === 'Bearer A2') throw new TypeError('fetch failed');
      return refusing()();
    });
    await expect(bearerFetch(twoTokens(), { targets, fetch })(url)).rejects.toThrow('fetch failed');
  });
});

describe('without a token', () => {
  it('rejects with no_credentials, and sends nothing', async () => {
    const { api, fetch, tokens } = await world();
    await tokens.clear();
    const error: unknown = await fetch(api.origin).catch((error: unknown) => error);
    expect(codeOf(error)).toBe('no_credentials');
    expect(api.arrived).toEqual([]);
  });

  it('sends what needs none', async () => {
    const { api, tokens } = await world();
    await tokens.clear();
    const fetch = bearerFetch(tokens, { targets: ['https://api.example.com'] });
    expect((await fetch(api.origin)).status).toBe(401);
  });
});

const bytes = new Uint8Array(256).map((_, n) => n);

/** The form as it was sent, but for what separates its parts, which is made up each time. */
function formIn({ headers, text }: Arrived): string {
  const [, boundary = ''] = /boundary=(.*)$/.exec(headers['content-type'] ?? '') ?? [];
  return text.replaceAll(boundary, '*');
}

describe('a body', () => {
  it.each<[string, () => NonNullable<RequestInit['body']>, string]>([
    ['a string', () => 'grüße', 'grüße'],
    ['an empty string', () => '', ''],
    ['URLSearchParams', () => new URLSearchParams({ a: 'b c' }), 'a=b+c'],
    ['a Blob', () => new Blob(['blo', 'b'], { type: 'text/x-blob' }), 'blob'],
    ['an ArrayBuffer', () => bytes.slice().buffer, Buffer.from(bytes).toString('latin1')],
    ['a typed array', () => bytes.subarray(10, 20), Buffer.from(bytes.subarray(10, 20)).toString('latin1')],
    [
      'a DataView',
      () => new DataView(bytes.buffer, 3, 4),
      Buffer.from(bytes.subarray(3, 7)).toString('latin1'),
    ],
  ])('that is %s arrives twice, whole', async (what, body, expected) => {
    const { api, fetch } = await world({ refused: true });
    const response = await fetch(api.origin, { method: 'POST', body: body() });
    expect(response.status).toBe(200);
    const encoding = /array|view/i.test(what) ? 'latin1' : 'utf8';
    expect(api.arrived.map(({ body }) => body.toString(encoding))).toEqual([expected, expected]);
    const [first, second] = api.arrived.map(({ headers }) => headers['content-type']);
    expect(second).toBe(first);
  });

  it('that is FormData arrives twice, whole', async () => {
    const { api, fetch } = await world({ refused: true });
    const body = new FormData();
    body.append('name', 'value');
    body.append('file', new Blob(['content']), 'file.txt');
    expect((await fetch(api.origin, { method: 'POST', body })).status).toBe(200);
    const forms = api.arrived.map(formIn);
    expect(forms).toHaveLength(2);
    expect(forms[0]).toMatch(
      /^--\*\r\n.*name="name"\r\n\r\nvalue\r\n--\*\r\n.*name="file"[^]*\r\ncontent\r\n--\*--/,
    );
    expect(forms[1]).toBe(forms[0]);
  });

  it.each<[string, () => RequestInit & { readonly duplex?: 'half' }]>([
    ['a text', () => ({ body: 'x'.repeat(300_000) })],
    ['a stream', () => ({ body: streamOf('x'.repeat(300_000)), duplex: 'half' })],
  ])('of a Request, made of %s, arrives twice, whole', async (_what, init) => {
    const { api, fetch } = await world({ refused: true });
    expect((await fetch(new Request(api.origin, { method: 'POST', ...init() }))).status).toBe(200);
    expect(api.arrived.map(({ body }) => body.equals(Buffer.alloc(300_000, 'x')))).toEqual([true, true]);
  });

  it.each<[string, () => unknown]>([
    ['a stream', () => streamOf('once')],
    [
      'an async iterable',
      () =>
        (async function* () {
          yield await Promise.resolve(Buffer.from('once'));
        })(),
    ],
  ])(
    'that is %s is sent once; the 401 is the answer, and the next call has a new token',
    async (_what, body) => {
      const { api, fetch, server } = await world({ refused: true });
      const post = (): Promise<Response> =>
        fetch(api.origin, { method: 'POST', body: body() as ReadableStream, duplex: 'half' });
      const response = await post();
      expect([response.status, await response.text()]).toEqual([401, 'refused A1']);
      expect((await post()).status).toBe(200);
      expect(api.arrived.map(({ token, text }) => [token, text])).toEqual([
        ['A1', 'once'],
        ['A2', 'once'],
      ]);
      expect(server.counters.requests).toBe(1);
    },
  );

  it('that is a stream of node-fetch, or beside a Request, is sent once', async () => {
    const { fetch, calls } = stub(refusing());
    const bearer = bearerFetch(twoTokens(), { targets, fetch });
    await bearer(url, { method: 'POST', body: { pipe: () => undefined } as never });
    await bearer(new Request(url, { method: 'POST', body: 'x' }), {
      body: streamOf('y'),
      duplex: 'half',
    } as object);
    expect(calls).toHaveLength(2);
  });

  it.each<[string, () => Response | Promise<Response>, () => Promise<string>]>([
    ['the request is answered', () => new Response('ok'), () => Promise.resolve('A2')],
    ['the request fails', () => Promise.reject(new TypeError('offline')), () => Promise.resolve('A2')],
    ['there is no other token', refusing(), () => Promise.reject(new Error('no'))],
  ])('that was kept is let go when %s', async (_when, answer, renew) => {
    const cancelled = jest.fn<() => void>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(bytes),
      cancel: cancelled,
    });
    const { fetch } = stub(async (input, init) => {
      await new Request(input, init).body!.cancel();
      return answer();
    });
    const request = new Request(url, { method: 'POST', body: endless, duplex: 'half' });
    await bearerFetch(twoTokens(renew), { targets, fetch })(request).catch(() => undefined);
    await until(() => cancelled.mock.calls.length === 1);
  });
});

describe('a redirect', () => {
  it('to another origin loses the token, also after a 401', async () => {
    const { api, fetch, server } = await world();
    const other = await listeningApi((_request, response) => void response.end('other'));
    const from = `${api.origin}/to?${other.origin}/`;
    expect(await (await fetch(from)).text()).toBe('other');
    expect(await (await fetch(new Request(from, { method: 'POST', body: 'x' }))).text()).toBe('other');
    expect(other.arrived.map(({ headers, text }) => [headers.authorization, text])).toEqual([
      [undefined, ''],
      [undefined, 'x'],
    ]);
    expect(api.tokens).toEqual(['A1', 'A1']);
    expect(server.counters.requests).toBe(0);
  });

  it('to another origin that says 401 renews nothing, since the token never was there', async () => {
    const { api, fetch, server } = await world();
    const other = await listeningApi((_request, response) => void response.writeHead(401).end('who?'));
    const response = await fetch(`${api.origin}/to?${other.origin}/`);
    expect([response.status, await response.text()]).toEqual([401, 'who?']);
    expect(other.arrived).toHaveLength(1);
    expect(server.counters.requests).toBe(0);
  });

  it('within the origin keeps it, and is renewed like any other', async () => {
    const { api, fetch, server } = await world();
    expect(await (await fetch(`${api.origin}/to?/me`)).text()).toBe('welcome A1');
    server.revoke('A1');
    expect(await (await fetch(`${api.origin}/to?/me`)).text()).toBe('welcome A2');
    expect(api.arrived.map(({ url, token }) => `${url} ${token}`)).toEqual([
      ...['/to?/me A1', '/me A1'],
      ...['/to?/me A1', '/me A1', '/to?/me A2', '/me A2'],
    ]);
    expect(server.counters.requests).toBe(1);
  });
});

/** A refresh that waits to be let go. */
function gated() {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const refresh = jest.fn(() => gate.then(() => ({ access_token: 'A2', expires_in: 3600 })));
  return { refresh, open: () => open() };
}

describe('a signal', () => {
  it.each(['the options', 'a Request'])('in %s, aborted before: nothing is sent', async (where) => {
    const { api, fetch, server } = await world();
    const signal = AbortSignal.abort();
    const answer =
      where === 'a Request' ? fetch(new Request(api.origin, { signal })) : fetch(api.origin, { signal });
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    expect(api.arrived).toEqual([]);
    expect(server.counters.requests).toBe(0);
  });

  it('aborted while a token is waited for ends the wait at once, and not the refresh', async () => {
    const { refresh, open } = gated();
    const { api, fetch, tokens } = await world({ manager: { refresh } });
    await tokens.invalidate();
    const controller = new AbortController();
    const answer = fetch(api.origin, { signal: controller.signal });
    await until(() => refresh.mock.calls.length === 1);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    open();
    expect(await tokens.getValidToken()).toBe('A2');
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(api.arrived).toEqual([]);
  });

  it('aborted while the API hangs ends the request', async () => {
    const { api, fetch } = await world();
    const controller = new AbortController();
    const answer = fetch(`${api.origin}/hang`, { signal: controller.signal });
    await until(() => api.arrived.length === 1);
    controller.abort(new Error('mine'));
    await expect(answer).rejects.toThrow('mine');
  });

  it.each(['the options', 'a Request'])(
    'in %s, aborted while the token is renewed, ends the wait at once, and not the refresh',
    async (where) => {
      const { refresh, open } = gated();
      const { api, fetch, tokens } = await world({ refused: true, manager: { refresh } });
      const controller = new AbortController();
      const init = { method: 'POST', body: 'x', signal: controller.signal };
      const answer = where === 'a Request' ? fetch(new Request(api.origin, init)) : fetch(api.origin, init);
      await until(() => refresh.mock.calls.length === 1);
      controller.abort();
      await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
      open();
      expect(await tokens.getValidToken()).toBe('A2');
      expect(refresh).toHaveBeenCalledTimes(1);
      expect(api.tokens).toEqual(['A1']);
    },
  );

  it('aborted while the 401 is on its way ends in the reason, not in the 401', async () => {
    const controller = new AbortController();
    const { fetch, calls } = stub(() => {
      controller.abort(new Error('mine'));
      return refusing()();
    });
    const answer = bearerFetch(twoTokens(), { targets, fetch })(url, { signal: controller.signal });
    await expect(answer).rejects.toThrow('mine');
    expect(calls).toHaveLength(1);
  });

  it('of the options takes the place of that of the Request, also where it is null', async () => {
    const { api, fetch } = await world();
    const request = new Request(api.origin, { signal: AbortSignal.abort() });
    expect((await fetch(request, { signal: null })).status).toBe(200);
    const { signal } = new AbortController();
    expect((await fetch(request, { signal })).status).toBe(200);
  });

  it('has nobody listening when all is done', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    const { fetch } = stub(refusing());
    await bearerFetch(twoTokens(), { targets, fetch })(url, { signal });
    await until(() => removed.mock.calls.length === added.mock.calls.length);
    expect(added).toHaveBeenCalledTimes(1);
  });
});

describe('what hangs and what is left behind', () => {
  it('an API that hangs does not hold up a refresh, or other requests', async () => {
    const { api, fetch, server } = await world();
    const controller = new AbortController();
    const hung = fetch(`${api.origin}/hang`, { signal: controller.signal });
    await until(() => api.arrived.length === 1);
    server.revoke('A1');
    expect(await (await fetch(api.origin)).text()).toBe('welcome A2');
    controller.abort();
    await expect(hung).rejects.toThrow();
  });

  it('a 401 that is not the answer is let go', async () => {
    const refused = refusing()();
    const { fetch } = stub((_input, init) => (bearerOf(init) === 'Bearer A1' ? refused : new Response('ok')));
    await bearerFetch(twoTokens(), { targets, fetch })(url);
    expect(refused.bodyUsed).toBe(true);
  });

  it('also where bodies are streams of Node, as those of node-fetch', async () => {
    const body = Readable.from(['refused']);
    const refused = refusing()();
    Object.defineProperty(refused, 'body', { value: body });
    const { fetch } = stub((_input, init) => (bearerOf(init) === 'Bearer A1' ? refused : new Response('ok')));
    const request = new Request(url, { method: 'POST', body: 'x' });
    const kept = Readable.from(['x']);
    Object.defineProperty(request, 'clone', {
      value: () => Object.defineProperty(new Request(url), 'body', { value: kept }),
    });
    expect((await bearerFetch(twoTokens(), { targets, fetch })(request)).status).toBe(200);
    expect([body.destroyed, kept.destroyed]).toEqual([true, true]);
  });

  it('a 401 that nobody reads holds no connection: the server can shut down', async () => {
    const { server, tokens } = await world({ refused: true });
    const large = Buffer.alloc(8_000_000, 'x'); // more than sockets hold
    const api = await listeningApi(({ token = '' }, response) => {
      if (server.isAccessTokenValid(token)) return void response.end('welcome');
      response.writeHead(401).end(large);
    });
    const fetch = bearerFetch(tokens, { targets: [api.origin] });
    const paths = Array.from({ length: 10 }, (_, n) => `/${n}`);
    await Promise.all(paths.map(async (path) => (await fetch(api.origin + path)).text()));
    expect(api.tokens.filter((token) => token === 'A1').length).toBeGreaterThan(0);
    await api.shutDown();
  });
});

describe('what it is made of', () => {
  it('is a fetch, by its type', () => {
    const mine: typeof globalThis.fetch = bearerFetch(twoTokens(), { targets });
    const config: BearerFetchConfig = { targets: [new URL(url), { url, methods: ['GET'] }], fetch: mine };
    expect(typeof bearerFetch(twoTokens(), config)).toBe('function');
  });

  it('takes the global fetch as it is when it is called', async () => {
    const bearer = bearerFetch(twoTokens(), { targets });
    const { fetch, calls } = stub();
    jest.spyOn(globalThis, 'fetch').mockImplementation(fetch);
    await bearer(url);
    await bearer('https://other.example/');
    expect(calls.map(([, init]) => bearerOf(init))).toEqual(['Bearer A1', null]);
  });

  it.each<[string, object, RegExp]>([
    ['no targets', {}, /^targets/],
    ['a target that is none', { targets: ['api.example.com'] }, /^targets\[0\]/],
    ['a fetch that is none', { targets, fetch: 'undici' }, /^fetch must be/],
  ])('throws at once for %s', (_what, config, message) => {
    expect(() => bearerFetch(twoTokens(), config as BearerFetchConfig)).toThrow(TypeError);
    expect(() => bearerFetch(twoTokens(), config as BearerFetchConfig)).toThrow(message);
  });

  it('can be put around another one: each of its own targets', async () => {
    const { fetch, calls } = stub();
    const other = { ...twoTokens(), getValidToken: () => Promise.resolve('B1') };
    const both = bearerFetch(other, {
      targets: ['https://other.example'],
      fetch: bearerFetch(twoTokens(), { targets, fetch }),
    });
    await both(url);
    await both('https://other.example/');
    expect(calls.map(([, init]) => bearerOf(init))).toEqual(['Bearer A1', 'Bearer B1']);
  });

  it('is the fetch of openapi-fetch', async () => {
    const { api, fetch, server } = await world({ refused: true });
    interface Paths {
      readonly '/notes': {
        readonly post: {
          readonly requestBody: { readonly content: { readonly 'application/json': { text: string } } };
          readonly responses: { readonly 200: { readonly content: { readonly 'text/plain': string } } };
        };
      };
    }
    const client = createClient<Paths>({ baseUrl: api.origin, fetch });
    const { data, response } = await client.POST('/notes', { body: { text: 'hi' }, parseAs: 'text' });
    expect([response.status, data]).toEqual([200, 'welcome A2']);
    expect(api.arrived.map(({ text }) => text)).toEqual(Array(2).fill('{"text":"hi"}'));
    expect(server.counters.requests).toBe(1);
  });

  it('is the fetch of ky', async () => {
    const { api, fetch, server } = await world({ refused: true });
    const client = ky.create({ prefixUrl: api.origin, fetch, retry: 0 });
    expect(await client.post('notes', { json: { text: 'hi' } }).text()).toBe('welcome A2');
    expect(api.arrived.map(({ text }) => text)).toEqual(Array(2).fill('{"text":"hi"}'));
    expect(server.counters.requests).toBe(1);
  });
});

describe('no error holds a token', () => {
  const canary = 'canary-token';
  it.each<[string, string, Fetch]>([
    ['a character that no header can hold', `a\n${canary}`, stub().fetch],
    ['a letter that no header can hold', `${canary}€`, stub().fetch],
    ['a network that fails', canary, stub(() => Promise.reject(new TypeError('fetch failed'))).fetch],
    ['nobody who listens', canary, (_input, init) => globalThis.fetch('http://127.0.0.1:1/', init)],
  ])('after %s', async (_what, token, fetch) => {
    const tokens = { getValidToken: () => Promise.resolve(token), renew: () => Promise.resolve(token) };
    const error: unknown = await bearerFetch(tokens, { targets, fetch })(url).catch(
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ name: 'TypeError' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  });

  it('nor does an answer that is passed on', async () => {
    const tokens = { ...twoTokens(), getValidToken: () => Promise.resolve(canary) };
    const response = await bearerFetch(tokens, { targets, fetch: stub(refusing()).fetch })(url);
    expect(inspect(response, { depth: 10, showHidden: true })).not.toContain('canary');
  });
});
