import { describe, expect, it } from '@jest/globals';
import { isRejected } from '../src/isRejected.js';

const challenge = (error: string) => `Bearer realm="api", error="${error}"`;
const response = (status: number, header?: string): Response =>
  new Response(null, { status, headers: header === undefined ? {} : { 'www-authenticate': header } });

/** As the clients put it: by status and `WWW-Authenticate`. */
const clients: Record<string, (status: number, header?: string) => unknown> = {
  'a Response': response,
  'an AjaxError': (status, header) => ({
    name: 'AjaxError',
    status,
    response: { message: 'a body' },
    xhr: { status, getResponseHeader: () => header ?? null },
  }),
  'an AxiosError': (status, header) => ({
    isAxiosError: true,
    response: { status, headers: { 'www-authenticate': header } },
  }),
  'an HttpErrorResponse': (status, header) => ({
    status,
    headers: new Headers(header ? { 'www-authenticate': header } : {}),
  }),
  'an error of got': (status, header) => ({
    response: { statusCode: status, headers: { 'www-authenticate': header } },
  }),
  'an answer of node:http': (status, header) => ({
    statusCode: status,
    headers: { 'www-authenticate': header },
  }),
};

describe.each(Object.entries(clients))('isRejected, of %s', (_client, of) => {
  it.each<[boolean, number, string | undefined]>([
    [true, 401, undefined],
    [true, 401, 'Bearer'],
    [true, 401, challenge('invalid_token')],
    [true, 401, 'Basic realm="x"'],
    [false, 401, challenge('insufficient_scope')],
    [false, 401, challenge('invalid_request')],
    [false, 403, undefined],
    [false, 403, challenge('invalid_token')],
    [false, 403, challenge('insufficient_scope')],
    [false, 200, undefined],
    [false, 500, undefined],
  ])('%p for %i %s', (expected, status, header) => {
    expect(isRejected(of(status, header))).toBe(expected);
  });
});

describe('isRejected', () => {
  it('knows UNAUTHENTICATED of gRPC', () => {
    const failed = (code: number) => Object.assign(new Error('no'), { code, details: '', metadata: {} });
    expect(
      [failed(16), failed(7), Object.assign(new Error('another 16'), { code: 16 })].map(isRejected),
    ).toEqual([true, false, false]);
  });

  it.each([
    ['several headers, as undici has them', ['Basic', 'Bearer error="insufficient_scope"'], false],
    ['several headers that say nothing else', ['Basic', 'Bearer'], true],
    ['a header that is no text', true, true],
  ])('reads %s', (_what, header, expected) => {
    expect(isRejected({ statusCode: 401, headers: { 'www-authenticate': header } })).toBe(expected);
    expect(isRejected({ status: 401, headers: { get: () => header } })).toBe(expected);
  });

  it('reads a challenge under a name of any case', () => {
    const headers = { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' };
    expect(isRejected({ status: 401, headers })).toBe(false);
    expect(isRejected({ response: { status: 401, headers } })).toBe(false);
  });

  it('does without what is no request of a browser', () => {
    expect(isRejected({ status: 401, xhr: {} })).toBe(true);
  });

  it.each([undefined, null, 0, 401, 'no', new Error('401'), {}, [], Symbol('401')])(
    'is false for %p',
    (what) => {
      expect(isRejected(what)).toBe(false);
    },
  );
});
