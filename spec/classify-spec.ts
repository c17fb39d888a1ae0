import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classifyAnswer, classifyThrown, retryAfterMs, type Answer } from '../src/classify.js';
import { RefreshRejectedError, RefreshUnavailableError, tell, TokenError } from '../src/errors.js';
import type { ProviderProfile } from '../src/profile.js';
import { generic, github } from '../src/providers/seeded.js';

const NOW = Date.UTC(2026, 0, 1);

/** What one may rely on. */
const told = (error: unknown): unknown => {
  expect(error).toBeInstanceOf(TokenError);
  const { code, error: said, status, ambiguous, retryAfterMs } = error as RefreshUnavailableError;
  return JSON.parse(JSON.stringify({ code, error: said, status, ambiguous, retryAfterMs }));
};

const rejected = { code: 'refresh_rejected' };
const misconfigured = { code: 'configuration' };
const bug = { code: 'callback_failed' };
const unavailable = { code: 'refresh_unavailable' };
const lost = { code: 'refresh_unavailable', ambiguous: true };

describe('retryAfterMs', () => {
  it.each<[unknown, number | undefined]>([
    ['7', 7_000],
    [7, 7_000],
    ['0', 0],
    [0, 0],
    ['1.5', 1_500],
    ['99999', 99_999_000],
    [new Date(NOW + 9_000).toUTCString(), 9_000],
    [new Date(NOW - 9_000).toUTCString(), undefined],
    ['-7', undefined],
    ['soon', undefined],
    ['Infinity', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('of %p is %p', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});

describe('classifyAnswer', () => {
  const classified = (answer: Answer, profile: ProviderProfile = generic) => classifyAnswer(answer, profile);

  it.each<[string, Answer]>([
    ['a token response', { body: { access_token: 'A2', expires_in: 60 } }],
    ['a token response with its status', { body: { access_token: 'A2' }, status: 200 }],
    ['one with an error that says nothing', { body: { access_token: 'A2', error: null }, status: 201 }],
    ['one of an unusual 2xx', { body: { access_token: 'A2' }, status: 299 }],
    ['one that says that it is ok', { body: { ok: true, access_token: 'A2' } }],
  ])('grants %s, as it came', (_what, answer) => {
    expect(classified(answer)).toBe(answer.body);
  });

  it.each<[string, Answer, object, ProviderProfile?]>([
    ['an OAuth refusal', { body: { error: 'invalid_grant' }, status: 400 }, rejected],
    ['an OAuth refusal without a status', { body: { error: 'invalid_grant' } }, rejected],
    [
      'an OAuth refusal with a token beside it',
      { body: { error: 'invalid_grant', access_token: 'A2' } },
      rejected,
    ],
    [
      'an error that is an object',
      { body: { error: { code: 'invalid_grant', message: 'no' } }, status: 400 },
      rejected,
    ],
    [
      'what the provider means by a refusal',
      { body: { error: 'bad_refresh_token' }, status: 200 },
      rejected,
      github,
    ],
    [
      'what only another provider means by it',
      { body: { error: 'bad_refresh_token' }, status: 200 },
      unavailable,
    ],
    ['a refusal of a server that is down', { body: { error: 'invalid_grant' }, status: 500 }, unavailable],
    ['what is much like a refusal', { body: { error: 'invalid_granted' }, status: 400 }, unavailable],
    ['a wrong client', { body: { error: 'invalid_client' }, status: 401 }, misconfigured],
    ['a wrong request', { body: { error: 'invalid_request' }, status: 400 }, misconfigured],
    ['a wrong scope', { body: { error: 'invalid_scope' }, status: 400 }, misconfigured],
    ['a client that may not', { body: { error: 'unauthorized_client' }, status: 400 }, misconfigured],
    ['a grant that is not known', { body: { error: 'unsupported_grant_type' }, status: 400 }, misconfigured],
    [
      'a wrong client of a server that is down',
      { body: { error: 'invalid_client' }, status: 503 },
      unavailable,
    ],
    ['what is much like a wrong client', { body: { error: 'invalid_clients' }, status: 400 }, unavailable],
    ['what is much like one too', { body: { error: 'not_invalid_client' }, status: 400 }, unavailable],
    ['an unknown error', { body: { error: 'slow_down' }, status: 400 }, unavailable],
    ['400 and nothing else', { body: undefined, status: 400 }, unavailable],
    ['403 and a page', { body: undefined, status: 403 }, unavailable],
    ['401 and a token', { body: { access_token: 'A2' }, status: 401 }, unavailable],
    ['199 and a token', { body: { access_token: 'A2' }, status: 199 }, unavailable],
    ['302', { body: undefined, status: 302 }, unavailable],
    ['429', { body: {}, status: 429 }, unavailable],
    ['500', { body: {}, status: 500 }, unavailable],
    ['200 and a page', { body: undefined, status: 200 }, lost],
    ['200 and nothing in it', { body: {}, status: 200 }, lost],
    ['a blank token', { body: { access_token: ' ' } }, lost],
    ['a token that is not ok', { body: { ok: false, access_token: 'A2' } }, lost],
    ['an array', { body: [] }, lost],
    ['null', { body: null }, lost],
    ['nothing', { body: undefined }, lost],
  ])('is not taken in by %s', (_what, answer, expected, profile = generic) => {
    const details = { status: answer.status, error: (answer.body as { error?: unknown } | undefined)?.error };
    const error = told(classified(answer, profile));

    expect(error).toMatchObject(expected);
    expect('ambiguous' in (error as object)).toBe('ambiguous' in expected);
    if (details.status) expect(error).toMatchObject({ status: details.status });
    if (typeof details.error === 'string') expect(error).toMatchObject({ error: details.error });
  });

  it('passes on what the provider asks one to wait', () => {
    const answer = { body: {}, status: 429, retryAfterMs: 7_000 };
    expect(classified(answer)).toMatchObject({ code: 'refresh_unavailable', retryAfterMs: 7_000 });
  });

  it.each([
    ['invalid_client', 401, '401 invalid_client'],
    ['slow_down', 400, '400 slow_down'],
    [undefined, 503, '(503)'],
    ['slow_down', undefined, '(slow_down)'],
  ])('says that the provider said %p and %p', (error, status, said) => {
    expect((classified({ body: { error }, status }) as Error).message).toContain(said);
  });

  it('shows an error only if it looks like a code', () => {
    for (const error of ['eyJhbGciOi.J9', 'a b', 'x'.repeat(41), 'https://host/?token=1', '7up']) {
      expect(inspect(classified({ body: { error }, status: 400 }))).not.toContain(error);
    }
    expect(classified({ body: { error: 'x'.repeat(40) }, status: 400 })).toMatchObject({
      error: 'x'.repeat(40),
    });
  });
});

describe('classifyThrown', () => {
  const classified = (thrown: unknown, profile: ProviderProfile = generic) =>
    classifyThrown(thrown, profile, NOW);
  const error = (fields: object, cause?: unknown) => Object.assign(new Error('Failed', { cause }), fields);
  const typeError = (message: string, cause?: unknown) => new TypeError(message, { cause });

  const broken = (): never => {
    throw new RangeError('secret');
  };

  it('takes what another manager has said for no word on these credentials', () => {
    const denied = new RefreshRejectedError({ error: 'invalid_grant' });
    tell(denied, Infinity);
    expect(told(classified(denied))).toMatchObject(unavailable);
    expect(classified(denied).message).toBe('Another manager failed (refresh_rejected)');
  });

  it('leaves an error of this library as it is', () => {
    const own = new RefreshUnavailableError('Mine');
    expect(classified(own)).toBe(own);
  });

  it.each<[string, unknown, object]>([
    [
      'oauth4webapi',
      error({ error: 'invalid_grant', status: 400, code: 'OAUTH_RESPONSE_BODY_ERROR' }),
      rejected,
    ],
    ['openid-client', error({ error: 'invalid_grant', response: { statusCode: 400 } }), rejected],
    [
      'axios',
      error({ code: 'ERR_BAD_REQUEST', response: { status: 400, data: { error: 'invalid_grant' } } }),
      rejected,
    ],
    ['RxJS ajax', error({ name: 'AjaxError', status: 400, response: { error: 'invalid_grant' } }), rejected],
    ['got', error({ response: { statusCode: 400, body: { error: 'invalid_grant' } } }), rejected],
    ['got, as text', error({ response: { statusCode: 400, body: '{"error":"invalid_grant"}' } }), rejected],
    ['superagent', error({ status: 400, response: { body: { error: 'invalid_grant' } } }), rejected],
    [
      'HttpClient of Angular',
      error({ name: 'HttpErrorResponse', status: 400, error: { error: 'invalid_grant' } }),
      rejected,
    ],
    [
      'HttpClient of Angular, as text',
      error({ name: 'HttpErrorResponse', status: 400, error: '{"error":"invalid_grant"}' }),
      rejected,
    ],
    ['ofetch', error({ statusCode: 400, data: { error: 'invalid_grant' } }), rejected],
    [
      'simple-oauth2',
      error({ data: { payload: { error: 'invalid_grant' } }, output: { statusCode: 400 } }),
      rejected,
    ],
    ['what people throw themselves', { error: 'invalid_grant' }, rejected],
    ['a wrapper', error({}, error({}, error({ error: 'invalid_grant' }))), rejected],
    [
      'a wrapper with a status of its own',
      error({ status: 400 }, { body: { error: 'invalid_grant' } }),
      rejected,
    ],
    [
      'a wrong client',
      error({ response: { status: 401, data: { error: 'invalid_client' } } }),
      misconfigured,
    ],
    [
      'a server that is down',
      error({ response: { status: 503, data: { error: 'invalid_grant' } } }),
      unavailable,
    ],
    ['a status and nothing else', error({ status: 502 }), unavailable],
    ['a statusCode', error({ statusCode: 429 }), { ...unavailable, status: 429 }],
    ['a redirect', error({ status: 300 }), { ...unavailable, status: 300 }],
  ])('knows the refusal that comes with %s', (_what, thrown, expected) => {
    expect(told(classified(thrown))).toMatchObject(expected);
    expect(classified(thrown)).not.toHaveProperty('ambiguous', true);
  });

  it.each<[string, object]>([
    ['axios', { response: { status: 400, data: { status: 'GONE' } } }],
    ['got, as text', { response: { statusCode: 400, body: '{"status":"GONE"}' } }],
    ['ofetch', { statusCode: 400, data: { status: 'GONE' } }],
    ['RxJS ajax', { name: 'AjaxError', status: 400, response: { status: 'GONE' } }],
    ['HttpClient of Angular', { name: 'HttpErrorResponse', status: 400, error: { status: 'GONE' } }],
    [
      'HttpClient of Angular, as text',
      { name: 'HttpErrorResponse', status: 400, error: '{"status":"GONE"}' },
    ],
  ])('has the profile read the body that comes with %s', (_what, fields) => {
    const normalize = (body: unknown) => ({ error: (body as { status?: unknown } | undefined)?.status });
    const profile = { ...generic, terminalErrors: ['GONE'], normalize };
    expect(told(classified(error(fields), profile))).toEqual({ ...rejected, error: 'GONE', status: 400 });
  });

  const getResponseHeader = (name: string) => (name === 'retry-after' ? '7' : null);

  it.each<[string, unknown]>([
    ['in plain headers', error({ status: 429, headers: { 'retry-after': '7' } })],
    ['in headers that are asked', error({ status: 429, headers: new Headers({ 'Retry-After': '7' }) })],
    ['in those of the response', error({ response: { status: 429, headers: { 'retry-after': 7 } } })],
    ['in headers of any case', error({ response: { status: 429, headers: { 'Retry-After': '7' } } })],
    [
      'in those of RxJS ajax',
      error({ name: 'AjaxError', status: 429, response: null, xhr: { getResponseHeader } }),
    ],
    ['as a date', error({ status: 503, headers: { 'retry-after': new Date(NOW + 7_000).toUTCString() } })],
  ])('finds what the provider asks one to wait %s', (_where, thrown) => {
    expect(classified(thrown)).toMatchObject({ code: 'refresh_unavailable', retryAfterMs: 7_000 });
  });

  it.each([
    ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
    ...['CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ])('knows that with %s nothing was sent', (code) => {
    for (const thrown of [error({ code }), typeError('fetch failed', error({ code }))]) {
      expect(told(classified(thrown))).toMatchObject(unavailable);
      expect(classified(thrown)).not.toHaveProperty('ambiguous', true);
    }
  });

  it.each<[string, unknown]>([
    ...[
      'ECONNRESET',
      'ECONNABORTED',
      'ETIMEDOUT',
      'EPIPE',
      'UND_ERR_SOCKET',
      'UND_ERR_HEADERS_TIMEOUT',
      'ERR_NETWORK',
    ].map((code): [string, unknown] => [code, error({ code })]),
    ['fetch of Node', typeError('fetch failed', error({ code: 'ECONNRESET' }))],
    ['fetch of Chromium', typeError('Failed to fetch')],
    ['fetch of Firefox', typeError('NetworkError when attempting to fetch resource.')],
    ['fetch of Safari', typeError('Load failed')],
    ['fetch of React Native', typeError('Network request failed')],
    ['fetch of Deno', typeError('client error (SendRequest)')],
    ['fetch of Deno, in the body', typeError('error reading a body from connection')],
    ['fetch of Deno, in a body', typeError('request or response body error')],
    [
      'fetch of Safari, with a proxy’s page',
      typeError('Preflight response is not successful. Status code: 503'),
    ],
    [
      'fetch of Safari, the same',
      typeError('Origin https://a.example is not allowed by Access-Control-Allow-Origin.'),
    ],
    ['fetch of Safari, with a captive portal', typeError('The certificate for this server is invalid.')],
    ['fetch of Safari, over TLS', typeError('An SSL error has occurred.')],
    ['fetch of Node, without a cause', typeError('fetch failed')],
    ['a body that broke off', typeError('terminated', error({ code: 'UND_ERR_SOCKET' }))],
    ['an abort', new DOMException('Aborted', 'AbortError')],
    ['a timeout', new DOMException('Timed out', 'TimeoutError')],
    ['JSON that broke off', new SyntaxError('Unexpected end of JSON input')],
    ['2xx that could not be read', error({ status: 200 })],
    ['RxJS ajax', error({ name: 'AjaxError', status: 0 })],
    ['axios that was cancelled', error({ name: 'CanceledError', code: 'ERR_CANCELED' })],
    ['axios, which found it too long', error({ name: 'AxiosError', code: 'ERR_BAD_RESPONSE' })],
    ['what is no HTTP', error({ code: 'HPE_INVALID_CONSTANT' })],
    ['what was packed and broke off', error({ code: 'Z_BUF_ERROR' })],
    ['a stream of HTTP/2 that broke off', error({ code: 'ERR_HTTP2_STREAM_ERROR' })],
    ['node-fetch: a body that broke off', error({ type: 'system', code: 'ERR_STREAM_PREMATURE_CLOSE' })],
    ['node-fetch: a timeout', error({ name: 'FetchError', type: 'request-timeout' })],
    ['node-fetch: JSON that broke off', error({ name: 'FetchError', type: 'invalid-json' })],
    [
      'gaxios, which keeps the error of its fetch as `error`',
      error({ code: 'ECONNRESET', error: error({ code: 'ECONNRESET' }) }),
    ],
    ['openid-client 5: a timeout', error({ name: 'RPError' })],
    [
      'oauth4webapi: an answer that it does not like',
      error(
        { name: 'OperationProcessingError', code: 'OAUTH_INVALID_RESPONSE' },
        { body: { expires_in: '9' } },
      ),
    ],
    [
      'openid-client 6: an id_token that it does not like',
      error({ name: 'ClientError', code: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' }, { claims: { exp: 1 } }),
    ],
    ['HttpClient of Angular', { name: 'HttpErrorResponse', status: 0, error: { type: 'error' } }],
  ])('knows that with %s the answer may be lost', (_what, thrown) => {
    expect(told(classified(thrown))).toEqual(lost);
  });

  it.each<[string, unknown]>([
    ['undefined is no object', typeError(`Cannot read properties of undefined (reading 'access_token')`)],
    ['a name that is not known', new ReferenceError('fetsch is not defined')],
    ['a name with a fetch in it', new ReferenceError('fetchToken is not defined')],
    ['a name with a network in it', new ReferenceError('networkError is not defined')],
    ['a method with a fetch in it', typeError('client.fetchToken is not a function')],
    ['a field of a network', typeError(`Cannot read properties of undefined (reading 'network')`)],
    ['a body that was read before', typeError('Body is unusable: Body has already been read')],
  ])('knows a bug in the callback: %s', (_what, thrown) => {
    expect(told(classified(thrown))).toEqual(bug);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('Something')],
    ['a TypeError with a cause', typeError('Something', new Error('else'))],
    ['a word', 'invalid_grant'],
    ['a number', 400],
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['a status that is none', error({ status: 'teapot' })],
    ['a cause that throws', Object.defineProperty(error({}), 'cause', { get: broken })],
    ['a wait that is no text', { status: 503, headers: { 'retry-after': Symbol('soon') } }],
    ['headers that throw', { status: 503, headers: { get: broken } }],
  ])('takes what it does not recognise for transient: %s', (_what, thrown) => {
    expect(told(classified(thrown))).toMatchObject(unavailable);
    expect(classified(thrown)).not.toHaveProperty('ambiguous', true);
  });

  it.each<[unknown, string]>([
    [error({ code: 'ECONNRESET' }), 'ECONNRESET'],
    [typeError('fetch failed', error({ code: 'ENOTFOUND' })), 'ENOTFOUND'],
    [new ReferenceError('fetsch is not defined'), 'ReferenceError'],
  ])('says in a word what %p was', (thrown, word) => {
    expect(classified(thrown).message).toContain(word);
  });

  it('comes to an end with a chain that bites its tail', () => {
    const snake = error({});
    snake.cause = error({}, snake);
    expect(told(classified(snake))).toMatchObject(unavailable);
  });
});

describe('whatever comes', () => {
  const SECRET = `secret ${'x'.repeat(40)}`;
  const odd = fc.oneof(
    fc.constant(SECRET),
    fc.constantFrom<unknown>('invalid_grant', 'ECONNRESET', 400, 503, '429', null, true, 0, NaN, [], 1n),
    fc.constantFrom<unknown>(Symbol('odd'), Object.create(null), { toString: 1 }, () => SECRET),
    fc.anything(),
  );
  const names = ['error', 'code', 'status', 'statusCode', 'headers', 'message', 'name', 'access_token', 'ok'];
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc
      .tuple(
        fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 4 }),
        fc.dictionary(
          fc.constantFrom('response', 'data', 'body', 'cause', 'error', 'headers'),
          fc.oneof({ maxDepth: 3 }, odd, tie('tree')),
          { maxKeys: 2 },
        ),
        fc.boolean(),
      )
      .map(([fields, links, isError]) => {
        const found = { ...fields, ...links };
        return isError
          ? Object.defineProperties(new Error(SECRET), Object.getOwnPropertyDescriptors(found))
          : found;
      }),
  }));

  const isDiscreet = (error: TokenError): void => {
    const shown = [
      inspect(error, { showHidden: true, depth: 9 }),
      error.stack,
      String(error),
      JSON.stringify(error),
    ];
    expect(shown.join()).not.toContain(SECRET);
    expect(error.cause).toBeUndefined();
  };

  it('as an answer is a token response or a TokenError without a secret', () => {
    const answers = fc.record({
      body: fc.oneof(tree, odd),
      status: fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined }),
      retryAfterMs: fc.constant(undefined),
    });
    fc.assert(
      fc.property(answers, (answer) => {
        const classified = classifyAnswer(answer, github);
        if (classified instanceof TokenError) isDiscreet(classified);
        else expect(classified.access_token.trim()).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });

  it('as an error is a TokenError without a secret', () => {
    fc.assert(
      fc.property(fc.oneof(tree, odd), (thrown) => {
        const classified = classifyThrown(thrown, github, NOW);
        expect(classified).toBeInstanceOf(TokenError);
        isDiscreet(classified);
      }),
      { numRuns: 200 },
    );
  });
});
