import { describe, expect, it } from '@jest/globals';
import ky from 'ky';
import { of, throwError } from 'rxjs';
import { createTokenManager, memoryStore, type RefreshResult, type TokenManagerConfig } from 'rx-token';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { hours, inVirtualTime, minutes } from '../helpers/inVirtualTime.js';
import { storedIn } from '../helpers/stored.js';

const token = { access_token: 'A2', refresh_token: 'R2', expires_in: 3600 };
const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init);

/** What a caller with an expired token gets when `refresh` answers so. */
async function served(refresh: () => unknown, options: Partial<TokenManagerConfig> = {}): Promise<unknown> {
  const tokens = createTokenManager({
    store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
    refresh: refresh as () => RefreshResult,
    maxWaitMs: 0,
    ...options,
  });
  try {
    return await tokens.getValidToken();
  } catch (error) {
    const { ambiguous, status, retryAfterMs } = error as Record<string, unknown>;
    const more = { ...(ambiguous === true && { ambiguous }), ...(status !== undefined && { status }) };
    return [
      codeOf(error),
      ...(Object.keys(more).length ? [more] : []),
      ...(retryAfterMs ? [retryAfterMs] : []),
    ];
  } finally {
    tokens.dispose();
  }
}

describe('refresh and acquire may answer in any of these ways', () => {
  it.each<[string, () => unknown]>([
    ['a promise of a token response', () => Promise.resolve(token)],
    ['an observable of one', () => of(token)],
    ['the plain response', () => token],
    [
      'an async iterable',
      async function* () {
        yield await Promise.resolve(token);
      },
    ],
    ['an iterable', () => [token]],
    ['the Response of a fetch', () => Promise.resolve(json(token))],
    ['a Response in an observable', () => of(json(token))],
    ['a plain Response', () => json(token)],
    ['a form-encoded Response', () => new Response('access_token=A2&expires_in=3600&refresh_token=R2')],
    ['a response with what JSON cannot hold, which is left out', () => ({ ...token, id: 1n, of: [2n] })],
    ['an observable that emits more than one', () => of(token, { ...token, access_token: 'A3' })],
  ])('%s', async (_what, refresh) => {
    expect(await served(refresh)).toBe('A2');
  });
});

describe('a Response that is thrown, alone or on an error (ky), says what one that is returned does', () => {
  const refused = (status: number, body: unknown = {}, headers = {}) => json(body, { status, headers });
  const on = (response: Response) =>
    Object.assign(new Error('Request failed'), { name: 'HTTPError', response });
  it.each<[string, () => Response, unknown]>([
    ['400', () => refused(400, { error: 'invalid_grant' }), ['refresh_rejected', { status: 400 }]],
    ['401', () => refused(401, { error: 'invalid_client' }), ['configuration', { status: 401 }]],
    ['503', () => refused(503, {}, { 'retry-after': '7' }), ['refresh_unavailable', { status: 503 }, 7000]],
    ['a page', () => new Response('<p>No', { status: 403 }), ['refresh_unavailable', { status: 403 }]],
  ])('%s', async (_what, answer, expected) => {
    for (const thrown of [answer, () => on(answer()), () => new Error('Not today', { cause: on(answer()) })])
      expect(await served(() => throwError(thrown))).toEqual(expected);
    const read = answer();
    await read.text();
    const [code] = (await served(() => Promise.reject(on(read)))) as [string];
    expect(code).toBe('refresh_unavailable'); // by its status alone
  });

  it('but what the error says itself stands, and the body is not waited for', async () => {
    const refusal = (response: Response) => Object.assign(on(response), { error: 'invalid_grant' });
    const endless = new Response(new ReadableStream(), { status: 401 });
    for (const response of [new Response('<p>No', { status: 401 }), endless])
      expect(await served(() => Promise.reject(refusal(response)), { refreshTimeoutMs: 100 })).toEqual([
        'refresh_rejected',
        { status: 401 },
      ]);
  });

  it('nor is an earlier attempt asked, below one that was read', async () => {
    const read = async (response: Response) => (await response.text(), response);
    const denied = { data: { error: 'invalid_grant' }, cause: on(refused(503)) };
    const down = { cause: on(refused(400, { error: 'invalid_grant' })) };
    const [first, second] = [await read(refused(400)), await read(refused(503))];
    expect(await served(() => Promise.reject(Object.assign(on(first), denied)))).toEqual([
      'refresh_rejected',
      { status: 400 },
    ]);
    expect(await served(() => Promise.reject(Object.assign(on(second), down)))).toEqual([
      'refresh_unavailable',
      { status: 503 },
    ]);
  });

  it('and one that cannot be read is no bug of the callback', async () => {
    const fail = (): never => {
      throw new TypeError('secret');
    };
    const unreadable = Object.defineProperty(new Error(), 'response', { get: fail });
    expect(await served(() => Promise.reject(unreadable))).toEqual(['refresh_unavailable']);
    const foreign = { status: 503, headers: new Headers(), text: fail } as never;
    expect(await served(() => Promise.reject(on(foreign)))).toEqual(['refresh_unavailable', { status: 503 }]);
  });

  it('with ky itself', async () => {
    const refresh = () =>
      ky
        .post('https://id.example/token', {
          fetch: () => Promise.resolve(refused(400, { error: 'invalid_grant' })),
          retry: 0,
        })
        .json();
    expect(await served(refresh)).toEqual(['refresh_rejected', { status: 400 }]);
  });
});

describe('an OAuth error body is an error, whatever the status, and not a token', () => {
  it.each<[string, () => unknown, unknown]>([
    ['a plain body', () => ({ error: 'invalid_grant' }), ['refresh_rejected']],
    ['a promised body', () => Promise.resolve({ error: 'invalid_client' }), ['configuration']],
    ['with an access token beside it', () => ({ ...token, error: 'invalid_grant' }), ['refresh_rejected']],
    ['an unknown code', () => ({ error: 'out_of_office' }), ['refresh_unavailable']],
    [
      'an error that is an object',
      () => ({ error: { code: 'refresh_token_reused' } }),
      ['refresh_unavailable'],
    ],
    ['ok: false', () => ({ ok: false, ...token }), ['refresh_unavailable', { ambiguous: true }]],
    ['200 with an error', () => json({ error: 'invalid_grant' }), ['refresh_rejected', { status: 200 }]],
    ['400', () => json({ error: 'invalid_grant' }, { status: 400 }), ['refresh_rejected', { status: 400 }]],
    [
      '403 (Auth0)',
      () => json({ error: 'invalid_grant' }, { status: 403 }),
      ['refresh_rejected', { status: 403 }],
    ],
    [
      '500',
      () => json({ error: 'invalid_grant' }, { status: 500 }),
      ['refresh_unavailable', { status: 500 }],
    ],
    ['401', () => json({ error: 'invalid_client' }, { status: 401 }), ['configuration', { status: 401 }]],
    ['400 without a body', () => new Response('', { status: 400 }), ['refresh_unavailable', { status: 400 }]],
    [
      '403 with HTML',
      () => new Response('<h1>WAF', { status: 403 }),
      ['refresh_unavailable', { status: 403 }],
    ],
    [
      '200 with HTML',
      () => new Response('<h1>Hotel'),
      ['refresh_unavailable', { ambiguous: true, status: 200 }],
    ],
    ['200 without a body', () => new Response(''), ['refresh_unavailable', { ambiguous: true, status: 200 }]],
    [
      '429',
      () => json({}, { status: 429, headers: { 'Retry-After': '7' } }),
      ['refresh_unavailable', { status: 429 }, 7_000],
    ],
    [
      'a form with an error (GitHub)',
      () => new Response('error=bad_refresh_token&error_description=x'),
      ['refresh_unavailable', { status: 200 }],
    ],
  ])('%s', async (_what, refresh, expected) => {
    expect(await served(refresh)).toEqual(expected);
  });

  it('nothing of an error body is stored', async () => {
    const store = memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 });
    await served(() => ({ error: 'server_error', hint: 'x' }), { store });
    const tokens = createTokenManager({ store, refresh: () => token });

    expect(await tokens.peek()).toEqual({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 });
  });

  it('a body larger than a token response can be is not read to its end', async () => {
    const huge = () => new Response(`{"access_token":"A2","padding":"${'x'.repeat(10_000_000)}"}`);

    expect(await served(huge)).toEqual(['refresh_unavailable', { ambiguous: true, status: 200 }]);
  });

  it('a redirect is an error', async () => {
    const redirect = () =>
      new Response('', { status: 302, headers: { location: 'https://elsewhere.example' } });

    expect(await served(redirect)).toEqual(['refresh_unavailable', { status: 302 }]);
  });
});

describe('what refresh throws is classified by what the usual clients put on their errors', () => {
  const thrown =
    (fields: object, message = 'failed') =>
    () =>
      Promise.reject(Object.assign(new Error(message), fields));

  it.each<[string, () => unknown, unknown]>([
    ['openid-client', thrown({ error: 'invalid_grant', status: 400 }), ['refresh_rejected', { status: 400 }]],
    [
      'oauth4webapi',
      thrown({ cause: { error: 'invalid_grant' }, status: 400, code: 'OAUTH_RESPONSE_BODY_ERROR' }),
      ['refresh_rejected', { status: 400 }],
    ],
    [
      'axios',
      thrown({ code: 'ERR_BAD_REQUEST', response: { status: 400, data: { error: 'invalid_grant' } } }),
      ['refresh_rejected', { status: 400 }],
    ],
    ['got', thrown({ response: { statusCode: 503 } }), ['refresh_unavailable', { status: 503 }]],
    [
      'ky',
      thrown({ response: { status: 429, headers: new Headers({ 'retry-after': '7' }) } }),
      ['refresh_unavailable', { status: 429 }, 7_000],
    ],
    [
      'a plain status',
      thrown({ statusCode: 401, body: { error: 'invalid_client' } }),
      ['configuration', { status: 401 }],
    ],
    ['ECONNREFUSED', thrown({ code: 'ECONNREFUSED' }), ['refresh_unavailable']],
    ['ENOTFOUND', thrown({ code: 'ENOTFOUND' }), ['refresh_unavailable']],
    ['ECONNRESET', thrown({ code: 'ECONNRESET' }), ['refresh_unavailable', { ambiguous: true }]],
    [
      "fetch's TypeError with a cause",
      () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })),
      ['refresh_unavailable', { ambiguous: true }],
    ],
    [
      "a browser's TypeError without one",
      () => Promise.reject(new TypeError('Failed to fetch')),
      ['refresh_unavailable', { ambiguous: true }],
    ],
    ['an AbortError', thrown({ name: 'AbortError' }), ['refresh_unavailable', { ambiguous: true }]],
    [
      'a SyntaxError of JSON.parse',
      () => Promise.resolve().then(() => JSON.parse('<html>') as unknown),
      ['refresh_unavailable', { ambiguous: true }],
    ],
    ['nothing recognisable', thrown({}), ['refresh_unavailable']],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['a string', () => Promise.reject('no'), ['refresh_unavailable']],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['undefined', () => Promise.reject(), ['refresh_unavailable']],
    ['an error whose causes bite their tail', () => Promise.reject(tailBiter()), ['refresh_unavailable']],
  ])('%s', async (_what, refresh, expected) => {
    expect(await served(refresh)).toEqual(expected);
  });

  it.each<[string, () => unknown]>([
    [
      'a TypeError',
      () => {
        throw new TypeError('x.y is not a function');
      },
    ],
    [
      'a ReferenceError',
      () => {
        throw new ReferenceError('x is not defined');
      },
    ],
    [
      'a rejected TypeError',
      () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'a')")),
    ],
    ['no answer to return', () => undefined],
    ['null', () => null],
    ['a number', () => 7],
    ['a response that bites its tail', cyclic],
  ])('%s is a bug in the callback', async (_what, refresh) => {
    expect(await served(refresh)).toEqual(['callback_failed']);
  });

  it('a bug in the callback is not retried by the timer, and tried again by a caller', () => {
    let calls = 0;
    void inVirtualTime(
      ({ manager, at, scheduler }) => {
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        manager.token$.subscribe();
        at(hours(5), () => expect(calls).toBe(1));
        at(hours(5), () => manager.getValidToken().catch(codeOf));
        return () => {
          expect(calls).toBe(2);
          expect(states.slice(0, 2)).toEqual([
            [0, 'valid'],
            [minutes(59), 'refreshing'],
          ]);
        };
      },
      {
        manager: {
          refresh: () => {
            calls++;
            throw new TypeError('x.y is not a function');
          },
        },
        untilMs: hours(24),
      },
    )();
  });

  it('so is an answer that no store could hold, and the refresh token it has cost is not spent again', () => {
    const spent: unknown[] = [];
    void inVirtualTime(
      ({ manager, store, expectObservable }) => {
        manager.token$.subscribe();
        expectObservable(outcome(manager.validToken$), '59m 30s ^').toBe('59m 30s (a|)', { a: 'A1' });
        return () => {
          expect(spent).toEqual(['R1']);
          expect(storedIn(store)).toMatchObject({ access_token: 'A1', refresh_token: 'R1' });
        };
      },
      {
        manager: { refresh: ({ refresh_token }) => (spent.push(refresh_token), cyclic()) },
        untilMs: hours(24),
      },
    )();
  });

  it('the callback is told the signal, the profile and the attempt', () => {
    const attempts: unknown[] = [];
    void inVirtualTime(({ manager }) => manager.token$.subscribe(), {
      manager: {
        provider: 'okta',
        retry: () => 1_000,
        refresh: (previous, { signal, profile, attempt }) => {
          attempts.push([previous.refresh_token, signal instanceof AbortSignal, profile.name, attempt]);
          throw new Error('down');
        },
      },
      untilMs: minutes(59) + 2_000,
    })();

    expect(attempts).toEqual([1, 2, 3].map((attempt) => ['R1', true, 'okta', attempt]));
  });
});

function tailBiter(): Error {
  const error = new Error('a');
  error.cause = new Error('b', { cause: error });
  return error;
}

/** A token response that contains itself. */
function cyclic() {
  const response: Record<string, unknown> & typeof token = { ...token };
  response['self'] = response;
  return response;
}
