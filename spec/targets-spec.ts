import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type IsTarget, readTargets, type Target, urlFrom } from '../src/targets.js';

const targets = (...given: (string | URL | Target)[]) => {
  const isTarget = readTargets(given);
  return (url: string, method = 'GET') => isTarget(new URL(url), method);
};

describe('a list of targets', () => {
  it.each<[string, unknown]>([
    ['none', undefined],
    ['an empty list', []],
    ['a URL alone', 'https://api.example.com'],
  ])('has to be one, and is not: %s', (_what, given) => {
    expect(() => readTargets(given as [])).toThrow(TypeError);
    expect(() => readTargets(given as [])).toThrow(/^targets must list/);
  });

  it.each<[string, unknown, RegExp]>([
    ['no URL', 'api.example.com', /a URL/],
    ['a path alone', '/v1', /a URL/],
    ['a wildcard for a scheme', '*://api.example.com', /a URL/],
    ['another scheme', 'wss://api.example.com', /http or https/],
    ['plain http', 'http://api.example.com', /plain http/],
    ['plain http of a private network', new URL('http://10.0.0.1:8080/v1'), /plain http/],
    ['what looks like loopback', 'http://localhost.example.com', /plain http/],
    ['plain http, and no wish for it', { url: 'http://api.lan', allowInsecureRequests: false }, /plain http/],
    ['plain http, and something else', { url: 'http://api.lan', allowInsecureRequests: 'no' }, /plain http/],
    ['a blob of that origin', 'blob:https://api.example.com/1', /http or https/],
    ['nothing', null, /a URL/],
    ['a number', 7, /a URL/],
    ['an object without a URL', { methods: ['GET'] }, /a URL/],
    ['a user name', 'https://me@api.example.com', /user name/],
    ['a password', 'https://:hush@api.example.com', /password/],
    ['a query', 'https://api.example.com/?a=1', /end with its path/],
    ['a fragment', 'https://api.example.com/#a', /end with its path/],
    ['an encoded slash', 'https://api.example.com/a%2Fb', /encoded slash/],
    ['no method', { url: 'https://api.example.com', methods: [] }, /^targets\[1\]\.methods/],
    ['an empty method', { url: 'https://api.example.com', methods: [''] }, /^targets\[1\]\.methods/],
    ['a method that is a number', { url: 'https://api.example.com', methods: [1] }, /^targets\[1\]\.methods/],
    ['a method without a list', { url: 'https://api.example.com', methods: 'GET' }, /^targets\[1\]\.methods/],
  ])('names the entry that is wrong: %s', (_what, wrong, message) => {
    const given = ['https://good.example', wrong as string];
    expect(() => readTargets(given)).toThrow(TypeError);
    expect(() => readTargets(given)).toThrow(/^targets\[1\]/);
    expect(() => readTargets(given)).toThrow(message);
  });

  it('does not repeat a secret that is in a wrong entry', () => {
    expect(() => readTargets(['https://me:canary@api.example.com'])).toThrow(/^((?!canary).)*$/);
  });

  it('is read once: what becomes of it later makes no difference', () => {
    const url = new URL('https://api.example.com/v1');
    const methods = ['GET'];
    const given: Target[] = [{ url, methods }];
    const isTarget = readTargets(given);
    url.host = 'evil.net';
    methods.push('POST');
    given.push({ url: 'https://evil.net' });
    expect(isTarget(new URL('https://api.example.com/v1'), 'GET')).toBe(true);
    expect(isTarget(new URL('https://api.example.com/v1'), 'POST')).toBe(false);
    expect(isTarget(new URL('https://evil.net/v1'), 'GET')).toBe(false);
  });
});

describe('a request is to a target', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com', 'https://api.example.com/anything/at%2Fall?q=1#there'],
    ['https://api.example.com', 'https://API.Example.COM/'],
    ['https://API.example.com', 'https://api.example.com/'],
    ['https://api.example.com', 'https://api.example.com:443/'],
    ['https://api.example.com:443', 'https://api.example.com/'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/a'],
    ['http://[::1]:8080', 'http://[0:0:0:0:0:0:0:1]:8080/a'],
    ['https://bücher.example', 'https://xn--bcher-kva.example/'],
    ['https://api.example.com/v1', 'https://api.example.com/v1'],
    ['https://api.example.com/v1', 'https://api.example.com/v1?q=%2F..'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/me/too'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1/me'],
    ['https://api.example.com/v1', 'https://api.example.com/v2/../v1/me'],
    ['https://api.example.com/v1', 'https://api.example.com\\v1\\me'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/a%20b;c=d'],
  ])('of %s: %s', (target, url) => expect(targets(target)(url)).toBe(true));

  it('given as a URL, or among others', () => {
    const isTarget = targets(new URL('https://a.example'), { url: new URL('https://b.example/v1') });
    expect(isTarget('https://a.example/')).toBe(true);
    expect(isTarget('https://b.example/v1')).toBe(true);
    expect(isTarget('https://b.example/')).toBe(false);
  });

  it('in plain http where that is asked for, and there alone', () => {
    const isTarget = targets({ url: 'http://api.lan:8080/v1', allowInsecureRequests: true });
    expect(isTarget('http://api.lan:8080/v1/me')).toBe(true);
    expect(isTarget('https://api.lan:8080/v1/me')).toBe(false);
    expect(isTarget('http://other.lan:8080/v1/me')).toBe(false);
  });

  it('of these methods, however they are written', () => {
    const isTarget = targets({ url: 'https://api.example.com', methods: ['get', 'PATCH'] });
    const allowed = ['GET', 'get', 'Patch', 'POST', 'HEAD', 'GE', ''].filter((method) =>
      isTarget('https://api.example.com/', method),
    );
    expect(allowed).toEqual(['GET', 'get', 'Patch']);
  });
});

describe('a request is not to a target', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com.evil.net/'],
    ['https://api.example.com', 'https://api.example.com@evil.net/'],
    ['https://api.example.com', 'https://api.example.com%2eevil.net/'],
    ['https://api.example.com', 'https://api.example.com:8443/'],
    ['https://api.example.com', 'https://api.example.com:80/'],
    ['https://api.example.com', 'http://api.example.com/'],
    ['https://api.example.com', 'http://api.example.com:443/'],
    ['https://api.example.com', 'wss://api.example.com/'],
    ['https://api.example.com', 'blob:https://api.example.com/1'],
    ['https://api.example.com', 'https://api.example.com./'],
    ['https://api.example.com', 'https://example.com/'],
    ['https://api.example.com', 'https://evil.api.example.com/'],
    ['https://api.example.com', 'https://аpi.example.com/'], // Cyrillic а
    ['https://api.example.com', 'https://me@api.example.com/'],
    ['https://api.example.com', 'https://me:hush@api.example.com/'],
    ['https://api.example.com', 'https://evil.net/https://api.example.com/'],
    ['https://api.example.com', 'https://evil.net\\@api.example.com/'],
    ['https://api.example.com', 'https://evil.net#@api.example.com/'],
    ['https://api.example.com', 'data:,https://api.example.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8081/'],
    ['http://localhost:8080', 'http://127.0.0.1:8080/'],
    ['https://api.example.com/v1', 'https://api.example.com/'],
    ['https://api.example.com/v1', 'https://api.example.com/v10'],
    ['https://api.example.com/v1', 'https://api.example.com/V1/'],
    ['https://api.example.com/v1', 'https://api.example.com//v1/'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/../admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/%2e%2E/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..%2fadmin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..%5Cadmin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1\\..\\admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1%2fme'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/%252e%252e/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..;/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..;a=b/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/%2e%2e;/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..%3b/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..%00/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/..%20/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/%76%31/me'],
    ['https://api.example.com/v1', 'https://api.example.com/other?/v1/'],
  ])('of %s: %s', (target, url) => expect(targets(target)(url)).toBe(false));
});

/* Lookalikes: a strict judge, who thinks of the most obliging server, and knows nothing of strings that begin alike. */

const TARGET = 'https://api.example.com/v1';

/** By components, and by what is left when all has been decoded, stripped and resolved. */
function mayCarryToken(url: URL): boolean {
  const { protocol, hostname, port, username, password } = url;
  const isOrigin = protocol === 'https:' && hostname === 'api.example.com' && port === '';
  return isOrigin && username + password === '' && resolved(url.pathname)[0] === 'v1';
}

function resolved(path: string): string[] {
  const segments: string[] = [];
  for (const segment of decoded(path).split(/[/\\]/).slice(1)) {
    const [name = ''] = segment.split(';');
    if (name === '..') segments.pop();
    else if (name !== '.') segments.push(name);
  }
  return segments;
}

function decoded(path: string): string {
  const once = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return once === path ? path : decoded(once);
}

const pick = (...texts: string[]) => fc.constantFrom(...texts);
const scheme = pick(
  'https://',
  'https://',
  'https://',
  'HTTPS:\\\\',
  'https:/',
  'http://',
  'wss://',
  'blob:https://',
);
const userinfo = pick(
  '',
  '',
  '',
  '',
  'me@',
  'me:hush@',
  ':@',
  'api.example.com@',
  'api.example.com:443@',
  '%40@',
);
const host = fc.oneof(
  {
    weight: 4,
    arbitrary: pick('api.example.com', 'API.Example.Com', 'api。example．com', 'ａpi.example.com'),
  },
  pick('api.example.com.', 'api.example.com.evil.net', 'evil.net', 'sub.api.example.com', 'example.com'),
  pick(
    'аpi.example.com',
    'xn--pi-7kc.example.com',
    'api.example.com%2eevil.net',
    'api%2eexample%2ecom',
    'api.example',
  ),
  pick(
    'evil.net/api.example.com',
    'evil.net\\api.example.com',
    'evil.net?api.example.com',
    'evil.net#api.example.com',
  ),
);
const port = pick('', '', '', ':443', ':0443', ':', ':80', ':8443', ':4430');
const segment = fc.oneof(
  { weight: 3, arbitrary: pick('v1', 'me', '..', 'admin') },
  pick(
    'V1',
    'v10',
    'v',
    '',
    '.',
    '%2e',
    '%2E%2e',
    '.%2e',
    '..;',
    '.;a',
    '..;a=b',
    'v1;a',
    ';',
    '..%3b',
    '.%3Ba',
  ),
  pick(
    '%76%31',
    '%2f',
    '..%2f',
    '%5c..',
    '%252e%252e',
    '%252f..',
    '%25252e',
    '%25',
    '..%00',
    'v1%2f..',
    '%ff',
  ),
);
const path = fc
  .array(fc.tuple(pick('/', '/', '/', '\\', '//'), segment), { maxLength: 5 })
  .map((parts) => parts.flat().join(''));
const tail = pick('', '', '?q=/v1/', '#/v1', '?/../v1', '@evil.net', '\\@evil.net');
const start = pick('', '/v1', '/v1', '\\v1');
const lookalikes = fc.tuple(scheme, userinfo, host, port, start, path, tail).map((parts) => parts.join(''));

const neverAstray = (isTarget: IsTarget) =>
  fc.property(lookalikes, (text) => {
    const url = urlFrom(text);
    return !url || !isTarget(url, 'GET') || mayCarryToken(url);
  });

describe('whatever a URL looks like', () => {
  it('it gets a token only if it leads to the target, taken by its parts', () => {
    fc.assert(neverAstray(readTargets([TARGET])), { numRuns: 20_000 });
  });

  it('is not idle talk: many of the URLs get a token, and many do not', () => {
    const isTarget = readTargets([TARGET]);
    const urls = fc.sample(lookalikes, 5_000).map((text) => urlFrom(text));
    const allowed = urls.filter((url) => url && isTarget(url, 'GET')).length;
    expect(allowed).toBeGreaterThan(250);
    expect(urls.filter((url) => url).length - allowed).toBeGreaterThan(1_000);
  });

  it.each<[string, IsTarget]>([
    ['by the beginning of the string', ({ href }) => href.startsWith(TARGET)],
    ['by the beginning of the origin', ({ origin }) => origin.startsWith('https://api.example.com')],
    ['by the origin alone', ({ origin }) => origin === 'https://api.example.com'],
    [
      'by origin and segment, but not for what is hidden in it',
      ({ origin, pathname }) => origin === 'https://api.example.com' && `${pathname}/`.startsWith('/v1/'),
    ],
    [
      'by host and path, but not by scheme',
      ({ host, pathname }) => host === 'api.example.com' && /^\/v1(\/[\w]+)*$/.test(pathname),
    ],
  ])('would not get past the judge if it were compared %s', (_how, isTarget) => {
    expect(fc.check(neverAstray(isTarget), { numRuns: 20_000 }).failed).toBe(true);
  });

  it('plain paths below the target always get one', () => {
    const plain = fc.array(fc.stringMatching(/^[\w~!$&'()*+,:@-]{1,8}$/), { maxLength: 4 });
    fc.assert(fc.property(plain, (names) => targets(TARGET)([TARGET, ...names].join('/'))));
  });
});
