/** @jest-environment jsdom */
import {
  API,
  bearerOf,
  failureOf,
  given,
  heard,
  issuer,
  tokensOf,
  UNAUTHORIZED,
  world,
  type Issuer,
} from './world.js';
import {
  HttpBackend,
  HttpClient,
  HttpContext,
  HttpErrorResponse,
  HttpEventType,
  HttpParams,
  HttpRequest,
  provideHttpClient,
  withInterceptors,
  type HttpEvent,
  type HttpInterceptorFn,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { concatMap, filter, firstValueFrom, map, retry, Subject } from 'rxjs';
import {
  ConfigurationError,
  memoryStore,
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
} from 'rx-token';
import {
  BEARER_MANAGER,
  bearerInterceptor,
  provideTokenManager,
  SKIP_BEARER,
  withBearerTargets,
  withName,
  type TokenManagerFeature,
} from 'rx-token/angular';
import { until } from '../helpers/until.js';

type Targets = NonNullable<TokenManagerFeature['targets']>;
const url = `${API}/me`;
const FORBIDDEN = { status: 403, statusText: 'Forbidden' };
const challenge = (error: string) => ({
  headers: { 'WWW-Authenticate': `Bearer realm="x", error="${error}"` },
});

describe('a request to a target', () => {
  it('carries a valid token, in the same tick, and is otherwise what it was', () => {
    const { http, backend } = world(given(issuer()));
    const body = { a: 1 };
    const notes = heard(http.post(url, body, { headers: { 'x-mine': 'kept' }, params: { q: 'x' } }));
    const sent = backend.expectOne(`${url}?q=x`);
    expect(bearerOf(sent)).toBe('Bearer A1');
    expect(sent.request.headers.get('x-mine')).toBe('kept');
    expect(sent.request.body).toBe(body);
    sent.flush('welcome');
    expect(notes).toEqual(['welcome', 'done']);
  });

  it('waits for a token where a refresh is needed, which is one for all', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    await tokensOf().invalidate();
    const answer$ = new Subject<{ access_token: string }>();
    provider.answers.push(() => answer$);
    for (const at of [1, 2, 3]) http.get(`${url}/${at}`).subscribe();
    backend.expectNone(() => true);
    answer$.next({ access_token: 'A2' });
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer A2', 'Bearer A2', 'Bearer A2']);
    expect(provider.used).toEqual(['R1']);
  });

  it('fails as validToken$ does where there is no token, and is not sent', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    await tokensOf().invalidate();
    provider.answers.push(() => ({ error: 'invalid_grant' }));
    await expect(firstValueFrom(http.get(url))).rejects.toBeInstanceOf(RefreshRejectedError);
    provider.answers.push(() => ({ error: 'invalid_client' }));
    await tokensOf().set({ access_token: 'B1', refresh_token: 'RB', expires_at: 1 });
    await expect(firstValueFrom(http.get(url))).rejects.toBeInstanceOf(ConfigurationError);
    backend.expectNone(() => true);
  });

  it('is cancelled with its subscriber, while it is sent', () => {
    const { http, backend } = world(given(issuer()));
    http.get(url).subscribe().unsubscribe();
    expect(backend.expectOne(url).cancelled).toBe(true);
  });

  it('is never sent for who has left while it waited; the refresh goes on for others', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    await tokensOf().invalidate();
    const answer$ = new Subject<{ access_token: string }>();
    provider.answers.push(() => answer$);
    http.get(url).subscribe().unsubscribe();
    expect(answer$.observed).toBe(true);
    answer$.next({ access_token: 'A2' });
    backend.expectNone(() => true);
    http.get(url).subscribe();
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
  });

  it('shows no token that no header can hold', () => {
    const store = memoryStore({ access_token: 'secret\nsecret' });
    const { http, backend } = world(given(issuer({ store })));
    const { error } = failureOf(http.get(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).not.toContain('secret');
    backend.expectNone(() => true);
  });

  it.each<[string, HttpRequest<unknown>]>([
    ['with a path below', new HttpRequest('GET', `${API}/a/b`)],
    ['with another spelling of the origin', new HttpRequest('GET', 'HTTPS://API.example.com:443/me')],
    ['with parameters', new HttpRequest('GET', url, { params: new HttpParams().set('q', '@evil.com') })],
  ])('is recognised %s', (_what, request) => {
    const { http, backend } = world(given(issuer()));
    http.request(request).subscribe();
    expect(bearerOf(backend.expectOne(() => true))).toBe('Bearer A1');
  });

  it('is one by its method, where a target names methods', () => {
    const { config } = issuer();
    const { http, backend } = world(
      provideTokenManager(() => config, withBearerTargets({ url: API, methods: ['POST'] })),
    );
    http.get(url).subscribe();
    http.post(url, {}).subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual([null, 'Bearer A1']);
  });
});

/** Of the DOM, which specs do not believe in. */
interface Page {
  readonly head: { append(element: object): void };
  createElement(name: 'base'): { href: string; remove(): void };
}

describe('a relative URL', () => {
  const { config } = issuer();

  it.each<[target: string, base: string | null, url: string, bearer: string | null]>([
    ['/api', null, '/api/me', 'Bearer A1'],
    ['/api', null, 'api/me', 'Bearer A1'],
    ['/api', null, '/apis', null],
    ['/api', null, '//evil.example.com/api', null],
    ['/api', null, String.raw`\\evil.example.com/api`, null],
    ['/api', '/shop/', 'api/me', null],
    ['/api', '/api/', 'me', 'Bearer A1'],
    ['http://localhost/api', null, '/api/me', 'Bearer A1'],
    [API, null, '/me', null],
    [API, `${API}/`, 'me', 'Bearer A1'],
    [API, 'https://evil.example.com/', '/me', null],
    ['/api', 'https://evil.example.com/', '/api/me', null],
    ['/api', 'https://evil.example.com/', 'http://localhost/api/me', 'Bearer A1'],
  ])('is compared as the page resolves it: target %s, base %s, %s', (target, base, requested, bearer) => {
    const page = (globalThis as unknown as { readonly document: Page }).document;
    const element = page.createElement('base');
    if (base) page.head.append(element);
    element.href = base ?? '';
    const { http, backend } = world(provideTokenManager(() => config, withBearerTargets(target)));
    http.get(requested).subscribe();
    element.remove();
    expect(bearerOf(backend.expectOne(requested))).toBe(bearer);
  });
});

describe('a request that passes through', () => {
  it('is JSONP, which has no headers', () => {
    const { http, backend } = world(given(issuer()));
    http.request('JSONP', url).subscribe();
    expect(bearerOf(backend.expectOne(url))).toBeNull();
  });

  it.each<[string, HttpRequest<unknown>]>([
    ['to another origin', new HttpRequest('GET', 'https://example.com/me')],
    ['to a lookalike: a longer host', new HttpRequest('GET', 'https://api.example.com.evil.com/me')],
    ['to a lookalike: a user name', new HttpRequest('GET', 'https://api.example.com@evil.com/me')],
    ['to a target with a user name', new HttpRequest('GET', 'https://someone@api.example.com/me')],
    ['to a lookalike: a suffix', new HttpRequest('GET', 'https://evilapi.example.com/me')],
    ['to a lookalike: in the path', new HttpRequest('GET', 'https://evil.com/https://api.example.com/me')],
    ['to another port', new HttpRequest('GET', 'https://api.example.com:8443/me')],
    ['over plain http', new HttpRequest('GET', 'http://api.example.com/me')],
    ['to what is no URL', new HttpRequest('GET', 'https://')],
    ['with SKIP_BEARER', new HttpRequest('GET', url, { context: new HttpContext().set(SKIP_BEARER, true) })],
    ['as a token request: HttpParams', new HttpRequest('POST', url, new HttpParams().set('grant_type', 'x'))],
    ['as a token request: a form', new HttpRequest('POST', url, new URLSearchParams('a=b&grant_type=x'))],
    ['as a token request: text', new HttpRequest('POST', url, 'grant_type=refresh_token&refresh_token=R')],
    ['as a token request: JSON', new HttpRequest('POST', url, { grant_type: 'authorization_code' })],
  ])('is the very same, in the same tick: %s', (_what, request) => {
    const ask = jest.fn(() => ({ access_token: 'A' }));
    // nobody is signed in, and the store never answers: who asked for a token would wait for ever
    const store = { get: () => new Promise(() => undefined), set: () => Promise.resolve() };
    const { http, backend } = world(given(issuer({ store, refresh: ask })));
    const notes = heard(http.request(request));
    const sent = backend.expectOne(() => true);
    expect(sent.request).toBe(request);
    sent.flush('no', UNAUTHORIZED);
    expect(notes).toEqual([{ type: HttpEventType.Sent }, 401]);
    expect(ask).not.toHaveBeenCalled();
  });

  it('keeps its own Authorization, and renews nothing', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const notes = heard(http.get(url, { headers: { authorization: 'Basic abc' } }));
    const sent = backend.expectOne(url);
    expect(bearerOf(sent)).toBe('Basic abc');
    sent.flush('no', UNAUTHORIZED);
    expect(notes).toEqual([401]);
    expect(provider.used).toEqual([]);
  });

  it('does so for a text that only speaks of a grant_type', () => {
    const { http, backend } = world(given(issuer()));
    http.post(url, 'what is a grant_type=?').subscribe();
    http.post(url, { text: 'grant_type' }).subscribe();
    http.post(url, new URLSearchParams('type=grant_type')).subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer A1', 'Bearer A1', 'Bearer A1']);
  });
});

describe('a 401', () => {
  it('has the token renewed, once for all, and the requests sent once more', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const notes = [heard(http.get(`${url}/1`)), heard(http.get(`${url}/2`))];
    for (const sent of backend.match(() => true)) sent.flush('no', UNAUTHORIZED);
    const again = backend.match(() => true);
    expect(again.map(bearerOf)).toEqual(['Bearer A2', 'Bearer A2']);
    again.forEach((sent, at) => sent.flush(`welcome ${at}`));
    expect(notes).toEqual([
      ['welcome 0', 'done'],
      ['welcome 1', 'done'],
    ]);
    expect(provider.used).toEqual(['R1']);
  });

  it('tells of one sending, and of all progress', () => {
    const { http, backend } = world(given(issuer()));
    const events: HttpEvent<unknown>[] = [];
    http
      .post(url, 'body', { observe: 'events', reportProgress: true })
      .subscribe((event) => events.push(event));
    const upload = { type: HttpEventType.UploadProgress, loaded: 4 } as const;
    const first = backend.expectOne(url);
    first.event(upload);
    first.flush('no', UNAUTHORIZED);
    const second = backend.expectOne(url);
    second.event(upload);
    second.flush('welcome');
    expect(events.map(({ type }) => type)).toEqual([
      HttpEventType.Sent,
      HttpEventType.UploadProgress,
      HttpEventType.UploadProgress,
      HttpEventType.Response,
    ]);
  });

  it('is the error when it comes twice: nothing is sent a third time', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const notes = heard(http.get(url));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    backend.expectOne(url).flush('still no', UNAUTHORIZED);
    backend.expectNone(() => true);
    expect(notes).toEqual([401]);
    expect(provider.used).toEqual(['R1']);
  });

  it.each([
    ['for good', () => ({ error: 'invalid_grant' }), RefreshRejectedError],
    ['for a while', () => Promise.reject(new Error('no network')), RefreshUnavailableError],
  ])('is the very error where renewing fails %s, with the cause', async (_what, answer, kind) => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    provider.answers.push(answer);
    const failure = failureOf(http.get(url));
    backend.expectOne(url).flush('first', UNAUTHORIZED);
    await until(() => failure.error !== undefined);
    backend.expectNone(() => true);
    expect(failure.error).toBeInstanceOf(HttpErrorResponse);
    expect(failure.error).toMatchObject({ status: 401, error: 'first', cause: expect.any(kind) });
  });

  it('works again after the next sign-in', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    provider.answers.push(() => ({ error: 'invalid_grant' }));
    const lost = heard(http.get(url));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    await until(() => lost.length > 0);
    await tokensOf().set({ access_token: 'B1', refresh_token: 'RB' });
    backend.expectNone(() => true); // no later token sends what was sent
    const notes = heard(http.get(url));
    const sent = backend.expectOne(url);
    expect(bearerOf(sent)).toBe('Bearer B1');
    sent.flush('welcome');
    expect([lost, notes]).toEqual([[401], ['welcome', 'done']]);
  });

  it('is decided anew for each subscriber', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const request$ = http.get(url);
    for (const token of ['A1', 'A2']) {
      const notes = heard(request$);
      const sent = backend.expectOne(url);
      expect(bearerOf(sent)).toBe(`Bearer ${token}`);
      sent.flush('no', UNAUTHORIZED);
      backend.expectOne(url).flush('welcome');
      expect(notes).toEqual(['welcome', 'done']);
    }
    expect(provider.used).toEqual(['R1', 'R2']);
  });

  it('is decided anew for an interceptor before this one that tries again', () => {
    const again: HttpInterceptorFn = (request, next) => next(request).pipe(retry(1));
    const { config } = issuer();
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(withInterceptors([again, bearerInterceptor])),
        provideHttpClientTesting(),
        provideTokenManager(() => config, withBearerTargets(API)),
      ],
    });
    const backend = TestBed.inject(HttpTestingController);
    const events: HttpEvent<unknown>[] = [];
    TestBed.inject(HttpClient)
      .get(url, { observe: 'events' })
      .subscribe({ next: (event) => events.push(event), error: () => undefined });
    const sent = Array.from({ length: 4 }, () => {
      const request = backend.expectOne(url);
      request.flush('no', UNAUTHORIZED);
      return bearerOf(request);
    });
    expect(sent).toEqual(['Bearer A1', 'Bearer A2', 'Bearer A2', 'Bearer A3']);
    expect(events.map(({ type }) => type)).toEqual([HttpEventType.Sent, HttpEventType.Sent]);
  });

  it.each([
    ['a 403', FORBIDDEN],
    ['a 403 for its scope', { ...FORBIDDEN, ...challenge('insufficient_scope') }],
    ['a 401 for its scope', { ...UNAUTHORIZED, ...challenge('insufficient_scope') }],
    ['a 401 for its form', { ...UNAUTHORIZED, ...challenge('invalid_request') }],
    ['a 500', { status: 500, statusText: 'Oh' }],
  ])('is not what %s is: that renews nothing', (_what, answer) => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const failure = failureOf(http.get(url));
    backend.expectOne(url).flush('no', answer);
    backend.expectNone(() => true);
    expect(failure.error).toMatchObject({ status: answer.status, error: 'no' });
    expect(provider.used).toEqual([]);
  });

  it('renews where its challenge says invalid_token', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    heard(http.get(url));
    backend.expectOne(url).flush('no', { ...UNAUTHORIZED, ...challenge('invalid_token') });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
  });

  it('of a stream is the error, and the token is renewed for the next request', () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    const answer$ = new Subject<{ access_token: string }>();
    provider.answers.push(() => answer$);
    const notes = heard(http.post(url, streamLike()));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    expect(notes).toEqual([401]); // at once
    answer$.next({ access_token: 'A2' });
    backend.expectNone(() => true);
    heard(http.get(url));
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
    expect(provider.used).toEqual(['R1']);
  });

  it('of a stream whose renewal fails is no unhandled rejection', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    provider.answers.push(() => ({ error: 'invalid_grant' }));
    const notes = heard(http.post(url, streamLike()));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    await firstValueFrom(
      tokensOf().state$.pipe(filter(({ status }) => status === 'reauthentication-required')),
    );
    await new Promise((resolve) => setTimeout(resolve)); // an unhandled one would end the run
    expect(notes).toEqual([401]);
    expect(provider.used).toEqual(['R1']);
  });
});

/** What jsdom has no stream for. */
function streamLike(): unknown {
  return { getReader: () => undefined };
}

describe('before anyone has signed in, a request', () => {
  const nobody = (...targets: Targets) => {
    const provider = issuer({}, false);
    return { provider, ...world(provideTokenManager(() => provider.config, withBearerTargets(...targets))) };
  };

  it('fails with a typed error, and is not sent', () => {
    const { http, backend } = nobody(API);
    expect(failureOf(http.get(url)).error).toBeInstanceOf(NoCredentialsError);
    backend.expectNone(() => true);
  });

  it('goes out without a token where its target says so', () => {
    const { http, backend } = nobody({ url: API, anonymous: true });
    const notes = heard(http.get(url));
    const sent = backend.expectOne(url);
    expect(sent.request.headers.keys()).toEqual([]);
    sent.flush('welcome, stranger');
    expect(notes).toEqual(['welcome, stranger', 'done']);
  });

  it('is for the first target that matches', () => {
    const { http, backend } = nobody(`${API}/private`, { url: API, anonymous: true });
    expect(failureOf(http.get(`${API}/private/me`)).error).toBeInstanceOf(NoCredentialsError);
    heard(http.get(url));
    backend.expectOne(url);
  });

  it('carries the token where somebody has signed in', async () => {
    const { http, backend } = nobody({ url: API, anonymous: true });
    await tokensOf().set({ access_token: 'A1' });
    heard(http.get(url));
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A1');
  });

  it('does not go out without one that is not to be had for another reason', async () => {
    const { http, backend, provider } = nobody({ url: API, anonymous: true });
    await tokensOf().set({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 });
    provider.answers.push(() => ({ error: 'invalid_grant' }));
    await expect(firstValueFrom(http.get(url))).rejects.toBeInstanceOf(RefreshRejectedError);
    backend.expectNone(() => true);
  });

  it('that was refused is sent again if somebody has signed in meanwhile, else the 401 is the error', async () => {
    const { http, backend } = nobody({ url: API, anonymous: true });
    const failure = failureOf(http.get(url));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    expect(failure.error).toMatchObject({ status: 401, cause: { code: 'no_credentials' } });
    heard(http.get(url));
    const sent = backend.expectOne(url);
    await tokensOf().set({ access_token: 'A1' });
    sent.flush('no', UNAUTHORIZED);
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A1');
  });
});

describe('a request of the manager itself', () => {
  it('leaves nothing in a context that others share, at the same URL too', async () => {
    const silent = new HttpContext(); // a constant of the application: no spinner
    const graph = `${API}/graphql`;
    const { http, backend } = world(
      provideTokenManager(() => {
        const client = inject(HttpClient);
        return {
          store: memoryStore({ access_token: 'A1', refresh_token: 'R1' }),
          refresh: () =>
            client.post<{ access_token: string }>(graph, { query: 'mutation renew' }, { context: silent }),
        };
      }, withBearerTargets(API)),
    );
    const renewed = tokensOf().renew('A1');
    backend.expectOne(graph).flush({ access_token: 'A2' });
    expect(await renewed).toBe('A2');
    http.post(graph, { query: '{ invoices }' }, { context: silent }).subscribe();
    expect(bearerOf(backend.expectOne(graph))).toBe('Bearer A2');
    http.get(graph, { context: silent }).subscribe();
    expect(bearerOf(backend.expectOne(graph))).toBe('Bearer A2');
  });

  const tokenUrl = `${API}/session/renew`; // of no form that gives it away
  const calls: [string, (http: HttpClient) => unknown][] = [
    ['an observable', (http) => http.post(tokenUrl, {})],
    ['a promise', (http) => firstValueFrom(http.post(tokenUrl, {}))],
    ['a promise of an async function', async (http) => await firstValueFrom(http.post(tokenUrl, {}))],
    ['an observable with operators', (http) => http.post(tokenUrl, {}).pipe(map((body) => body))],
  ];

  const later$ = new Subject<null>();

  it.each(calls)('does not wait for itself: refresh returns %s', async (_what, call) => {
    const { http, backend } = world(
      provideTokenManager(() => {
        const client = inject(HttpClient);
        return {
          store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
          refresh: () => call(client) as Promise<unknown>,
        };
      }, withBearerTargets(API)),
    );
    const sent = firstValueFrom(http.get(url));
    const renewing = backend.expectOne(tokenUrl);
    expect(bearerOf(renewing)).toBeNull();
    renewing.flush({ access_token: 'A2' });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    const request = backend.expectOne(url);
    expect(bearerOf(request)).toBe('Bearer A2');
    request.flush('welcome');
    expect(await sent).toBe('welcome');
  });

  it('does not wait for itself: acquire', () => {
    const { http, backend } = world(
      provideTokenManager(() => {
        const client = inject(HttpClient);
        return { acquire: () => client.post(tokenUrl, {}) };
      }, withBearerTargets(API)),
    );
    http.get(url).subscribe();
    backend.expectOne(tokenUrl).flush({ access_token: 'A1' });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A1');
  });

  /** Of a manager whose token has ended, and who asks for a new one through the interceptor. */
  const ended = (refresh: (client: HttpClient) => unknown) =>
    provideTokenManager(() => {
      const client = inject(HttpClient);
      return {
        store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
        refresh: () => refresh(client) as Promise<unknown>,
      };
    }, withBearerTargets(API));

  it.each([
    ['at once', retry<object>(1)],
    ['later', retry<object>({ count: 1, delay: () => later$ })],
  ])('does not wait for itself: refresh that tries again %s', (_when, again) => {
    const { http, backend } = world(ended((client) => client.post(tokenUrl, {}).pipe(again)));
    http.get(url).subscribe();
    backend.expectOne(tokenUrl).flush('busy', { status: 503, statusText: 'Busy' });
    later$.next(null);
    const renewing = backend.expectOne(tokenUrl);
    expect(bearerOf(renewing)).toBeNull();
    renewing.flush({ access_token: 'A2' });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
  });

  it('does not wait for itself: refresh that asks for something else first', () => {
    const csrf = `${API}/csrf`;
    const { http, backend } = world(
      ended((client) => client.get(csrf).pipe(concatMap(() => client.post(tokenUrl, {})))),
    );
    http.get(url).subscribe();
    backend.expectOne(csrf).flush('yes');
    backend.expectOne(tokenUrl).flush({ access_token: 'A2' });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
  });

  it('is none that whoever hears of a new token makes: it carries the token', () => {
    const { http, backend } = world(ended((client) => client.post(tokenUrl, {})));
    const { token$, validToken$ } = tokensOf();
    token$.pipe(concatMap(() => http.get(url))).subscribe();
    validToken$.subscribe();
    backend.expectOne(tokenUrl).flush({ access_token: 'A2' });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A2');
  });

  it('goes around all interceptors with a client over HttpBackend', () => {
    const seen: string[] = [];
    const note: HttpInterceptorFn = (request, next) => (seen.push(request.url), next(request));
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(withInterceptors([note, bearerInterceptor])),
        provideHttpClientTesting(),
        provideTokenManager(() => {
          const client = new HttpClient(inject(HttpBackend));
          return { acquire: () => client.post(tokenUrl, {}) };
        }, withBearerTargets(API)),
      ],
    });
    const backend = TestBed.inject(HttpTestingController);
    TestBed.inject(HttpClient).get(url).subscribe();
    backend.expectOne(tokenUrl).flush({ access_token: 'A1' });
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer A1');
    expect(seen).toEqual([url]);
  });

  it('is none that others make while it is under way: they wait', async () => {
    const provider = issuer();
    const { http, backend } = world(given(provider));
    await tokensOf().invalidate();
    const answer$ = new Subject<{ access_token: string }>();
    provider.answers.push(() => answer$);
    http.get(`${url}/1`).subscribe();
    http.get(`${url}/2`).subscribe();
    backend.expectNone(() => true);
    answer$.next({ access_token: 'A2' });
    expect(backend.match(() => true)).toHaveLength(2);
  });
});

describe('of several managers', () => {
  it.each([
    ['is signed in', { access_token: 'A1', refresh_token: 'R1' }],
    ['has nobody signed in', null],
  ])('each refreshes without a token, though another of the same target %s', async (_what, others) => {
    const { backend } = world(
      given(issuer({ store: memoryStore(others) })),
      provideTokenManager(
        () => {
          const http = inject(HttpClient);
          return {
            store: memoryStore({ access_token: 'B1', refresh_token: 'S1' }),
            refresh: () => http.post<{ access_token: string }>(`${API}/renew`, {}),
          };
        },
        withBearerTargets(API),
        withName('billing'),
      ),
    );
    const renewed = tokensOf('billing').renew('B1');
    const sent = backend.expectOne(`${API}/renew`);
    expect(bearerOf(sent)).toBeNull();
    sent.flush({ access_token: 'B2' });
    expect(await renewed).toBe('B2');
  });

  const BILLING = 'https://billing.example.com';
  const both = (...billing: Targets) => {
    const store = memoryStore({ access_token: 'B1' });
    return world(
      given(issuer()),
      provideTokenManager(() => issuer({ store }).config, withName('billing'), withBearerTargets(...billing)),
    );
  };

  it('each has its targets', () => {
    const { http, backend } = both(BILLING);
    http.get(url).subscribe();
    http.get(BILLING).subscribe();
    http.get('https://example.com').subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer A1', 'Bearer B1', null]);
  });

  it('the first with a target is asked, or the one that the request names', () => {
    const { http, backend } = both(BILLING, API);
    const context = new HttpContext().set(BEARER_MANAGER, 'billing');
    http.get(url).subscribe();
    http.get(url, { context }).subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer A1', 'Bearer B1']);
  });

  it('the one that is named gives no token to what is not its target', () => {
    const { http, backend } = both(BILLING);
    http.get(url, { context: new HttpContext().set(BEARER_MANAGER, 'billing') }).subscribe();
    expect(bearerOf(backend.expectOne(url))).toBeNull();
  });

  it('one has to be there if it is named', () => {
    const { http } = both(BILLING);
    const context = new HttpContext().set(BEARER_MANAGER, 'shipping');
    const { error } = failureOf(http.get(url, { context }));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(`withName('shipping')`);
  });
});

describe('the interceptor', () => {
  it('says what to write where there is no manager', () => {
    const { http, backend } = world();
    const { error } = failureOf(http.get('https://example.com'));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain('add provideTokenManager(');
    backend.expectNone(() => true);
  });

  it('says what to write where no manager has targets', () => {
    const { config }: Issuer = issuer();
    const { http, backend } = world(provideTokenManager(() => config));
    const { error } = failureOf(http.get('https://example.com'));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain('add withBearerTargets(');
    backend.expectNone(() => true);
  });
});
