/** @jest-environment jsdom */
import { API, bearerOf, given, heard, issuer, tokensOf, world } from './world.js';
import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import {
  createEnvironmentInjector,
  DOCUMENT,
  EnvironmentInjector,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  PLATFORM_ID,
  runInInjectionContext,
  type EnvironmentProviders,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { type Observable, Subject, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { type CredentialStore, DisposedError, memoryStore } from 'rx-token';
import {
  bearerInterceptor,
  injectAuthEvents,
  injectAuthState,
  injectTokenManager,
  provideTokenManager,
  withBearerTargets,
  withName,
  withProactiveRefresh,
  withStore,
} from 'rx-token/angular';

const inContext = <T>(work: () => T): T => TestBed.runInInjectionContext(work);

/** An injector of its own, as a server makes one for each request and a router for lazy routes. */
function child(...providers: EnvironmentProviders[]) {
  const injector = createEnvironmentInjector(providers, TestBed.inject(EnvironmentInjector));
  return { injector, tokens: runInInjectionContext(injector, () => injectTokenManager()) };
}

/** A store, and how many listen to it. */
function watchedStore() {
  const changes = new Subject<void>();
  const store: CredentialStore = { ...memoryStore({ access_token: 'A1' }), changes$: changes };
  return { store, changes };
}

describe('provideTokenManager', () => {
  it('makes the manager when the application starts, in the injection context, once', () => {
    const WHERE = new InjectionToken<string>('where');
    const factory = jest.fn(() => ({
      ...issuer().config,
      store: memoryStore({ access_token: inject(WHERE) }),
    }));
    TestBed.configureTestingModule({
      providers: [{ provide: WHERE, useValue: 'here' }, provideTokenManager(factory)],
    });
    expect(factory).not.toHaveBeenCalled();
    TestBed.inject(EnvironmentInjector);
    expect(factory).toHaveBeenCalledTimes(1);
    expect(heard(tokensOf().token$)).toEqual(['here']);
    expect(tokensOf()).toBe(tokensOf());
    expect(factory).toHaveBeenCalledTimes(1);
  });

  it('shares nothing between injectors', async () => {
    const provided = provideTokenManager(
      () => ({ ...issuer().config, store: undefined }),
      withStore(() => memoryStore()),
    );
    const one = child(provided);
    const other = child(provided);
    await one.tokens.set({ access_token: 'of one' });
    expect(await one.tokens.getValidToken()).toBe('of one');
    expect(await other.tokens.peek()).toBeNull();
    one.injector.destroy();
    await expect(one.tokens.getValidToken()).rejects.toBeInstanceOf(DisposedError);
    expect(await other.tokens.peek()).toBeNull();
  });

  it('disposes of the manager with its injector: nothing is left', async () => {
    const { store, changes } = watchedStore();
    const { injector, tokens } = child(
      provideTokenManager(() => issuer({ store }).config, withProactiveRefresh()),
    );
    const { token$, credentials$, state$, events$ } = tokens;
    const notes = [token$, credentials$, state$, events$].map((source$: Observable<unknown>) =>
      heard(source$),
    );
    expect(changes.observed).toBe(true);
    injector.destroy();
    expect(changes.observed).toBe(false);
    expect(notes.map((each) => each.at(-1))).toEqual(['done', 'done', 'done', 'done']);
    await expect(tokens.getValidToken()).rejects.toBeInstanceOf(DisposedError);
  });

  it('has the managers of parents where it has none of that name', () => {
    const named = (token: string) => () => issuer({ store: memoryStore({ access_token: token }) }).config;
    world(provideTokenManager(named('root')), provideTokenManager(named('billing'), withName('billing')));
    const { injector, tokens } = child(provideTokenManager(named('lazy')));
    const billing = runInInjectionContext(injector, () => injectTokenManager('billing'));
    expect([tokens, billing, tokensOf()].map(({ token$ }) => heard(token$))).toEqual([
      ['lazy'],
      ['billing'],
      ['root'],
    ]);
    expect(billing).toBe(tokensOf('billing'));
    injector.destroy();
    expect(heard(billing.token$)).toEqual(['billing']); // it is not the child's to dispose of
  });

  it('is for HttpClient of a child too', () => {
    world(given(issuer()));
    const { injector } = child(
      provideHttpClient(withInterceptors([bearerInterceptor])),
      provideTokenManager(
        () => issuer({ store: memoryStore({ access_token: 'lazy' }) }).config,
        withBearerTargets(`${API}/lazy`),
      ),
      makeEnvironmentProviders([provideHttpClientTesting()]),
    );
    const backend = injector.get(HttpTestingController);
    injector.get(HttpClient).get(`${API}/lazy`).subscribe();
    injector.get(HttpClient).get(API).subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer lazy', null]);
  });

  describe('says what to write, when the application starts, where', () => {
    const start = (...providers: EnvironmentProviders[]): void => {
      TestBed.configureTestingModule({ providers });
      TestBed.inject(EnvironmentInjector);
    };
    const config = () => issuer().config;
    const targeting = (...targets: unknown[]) =>
      provideTokenManager(config, withBearerTargets(...(targets as [])));

    it.each<[what: string, start: () => void, says: string]>([
      [
        'a target is no URL',
        () => start(targeting(API, 'api.example.com')),
        'targets[1] must be a URL of http or https',
      ],
      ['a target is a path from here', () => start(targeting('api/me')), 'targets[0] must be a URL'],
      ['a target is nothing', () => start(targeting(null)), 'targets[0] must be a URL'],
      ['a target has no url', () => start(targeting({ methods: ['GET'] })), 'targets[0] must be a URL'],
      ['a target is another scheme', () => start(targeting('ftp://example.com')), 'targets[0] must be a URL'],
      [
        'a target has a secret',
        () => start(targeting('https://a:b@example.com')),
        'targets[0] must not hold a user',
      ],
      [
        'a target has no methods',
        () => start(targeting({ url: API, methods: [] })),
        'targets[0].methods must name',
      ],
      [
        'http goes to a public host',
        () => start(targeting(API, 'http://example.com')),
        'targets[1] must be https: plain',
      ],
      [
        'http goes to a lookalike',
        () => start(targeting('http://localhost.example.com')),
        'targets[0] must be https',
      ],
      ['there are no targets', () => start(targeting()), 'targets must list the URLs'],
      [
        'there is nothing to call',
        () => start(provideTokenManager(() => ({}))),
        'refresh or acquire must be given',
      ],
      [
        'the factory returns nothing',
        () => start(provideTokenManager(() => undefined as never)),
        'refresh or acquire',
      ],
      [
        'refresh is no function',
        () => start(provideTokenManager(() => ({ refresh: 1 as never }))),
        'be functions',
      ],
      [
        'an option is wrong',
        () => start(provideTokenManager(() => ({ ...config(), skewMs: -1 }))),
        'skewMs must be 0',
      ],
      [
        'a store is none',
        () =>
          start(
            provideTokenManager(
              config,
              withStore(() => ({}) as never),
            ),
          ),
        'store must be a',
      ],
      [
        'two managers have no name',
        () => start(provideTokenManager(config), provideTokenManager(config)),
        'add withName(…) to one of them',
      ],
      [
        'two managers have one name',
        () => start(provideTokenManager(config, withName('a')), provideTokenManager(config, withName('a'))),
        'Two token managers are named "a"',
      ],
      [
        'the config is no function',
        () => provideTokenManager(config() as never),
        'provideTokenManager(() => ({ refresh }))',
      ],
      ['a store is no function', () => withStore(memoryStore() as never), 'withStore(() => store)'],
      ['a name is empty', () => withName(''), 'name must not be empty'],
    ])('%s', (_what, start, says) => {
      expect(start).toThrow(says.startsWith('skewMs') ? RangeError : TypeError);
      TestBed.resetTestingModule();
      expect(start).toThrow(says);
    });

    it('nothing is wrong: loopback may be plain, and targets given twice add up', () => {
      start(targeting('http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:8080/api'));
      TestBed.resetTestingModule();
      const { http, backend } = world(given(issuer(), withBearerTargets('https://other.example.com')));
      http.get(API).subscribe();
      http.get('https://other.example.com').subscribe();
      expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer A1', 'Bearer A1']);
    });
  });
});

describe('what is injected', () => {
  it.each([injectTokenManager, injectAuthState, injectAuthEvents])(
    'says how to provide a manager where there is none: %p',
    (inject) => {
      world();
      expect(() => inContext(() => inject())).toThrow(
        'add provideTokenManager(() => ({ refresh })) to the providers',
      );
      expect(() => inContext(() => inject('a'))).toThrow("withName('a')");
      TestBed.resetTestingModule();
      world(given(issuer()));
      expect(() => inContext(() => inject('a'))).toThrow("withName('a')");
    },
  );

  it('is the state as a signal, one for all, with no token in it', async () => {
    const { store, changes } = watchedStore();
    world(given(issuer({ store })));
    const state = inContext(() => injectAuthState());
    expect(inContext(() => injectAuthState())).toBe(state);
    expect(state()).toEqual({ status: 'valid' });
    expect(state).not.toHaveProperty('set');
    const tokens = tokensOf();
    await tokens.clear();
    expect(state()).toEqual({ status: 'signed-out' });
    await tokens.set({ access_token: 'A9' });
    expect(state()).toEqual({ status: 'valid' });
    expect(JSON.stringify(state())).not.toContain('A9');
    expect(changes.observed).toBe(true);
    TestBed.resetTestingModule();
    expect(changes.observed).toBe(false);
    expect(state()).toEqual({ status: 'valid' });
  });

  it('is the state of the manager that is named, loading until the store has answered', () => {
    const store = { get: () => new Promise(() => undefined), set: () => Promise.resolve() };
    world(given(issuer()), given(issuer({ store }), withName('slow')));
    expect(inContext(() => injectAuthState())()).toEqual({ status: 'valid' });
    expect(inContext(() => injectAuthState('slow'))()).toEqual({ status: 'loading' });
  });

  it('is what happens', async () => {
    world(given(issuer()));
    const events = heard(inContext(() => injectAuthEvents()));
    await tokensOf().renew('A1');
    expect(events).toEqual([
      expect.objectContaining({ type: 'loaded', signedIn: true }),
      expect.objectContaining({ type: 'refresh-started', attempt: 1 }),
      expect.objectContaining({ type: 'refreshed', by: 'self' }),
    ]);
    TestBed.resetTestingModule();
    expect(events.at(-1)).toBe('done');
  });
});

describe('withStore', () => {
  it('is called in the injection context, once, and goes before the store of the config', () => {
    const WHERE = new InjectionToken<string>('where');
    const factory = jest.fn(() => memoryStore({ access_token: inject(WHERE) }));
    world({ provide: WHERE, useValue: 'here' }, given(issuer(), withStore(factory)));
    expect(heard(tokensOf().token$)).toEqual(['here']);
    expect(factory).toHaveBeenCalledTimes(1);
  });

  it('takes a pair of promises', async () => {
    const get = () => Promise.resolve({ access_token: 'kept' });
    world(
      given(
        issuer(),
        withStore(() => ({ get, set: () => Promise.resolve() })),
      ),
    );
    expect(await tokensOf().getValidToken()).toBe('kept');
  });
});

describe('withProactiveRefresh', () => {
  const expiring = (isProactive: boolean, platform = 'browser') => {
    const scheduler = new VirtualTimeScheduler();
    const store = memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 3_600_000 });
    const provider = issuer({ scheduler, store });
    const features = isProactive ? [withProactiveRefresh()] : [];
    world(given(provider, ...features), { provide: PLATFORM_ID, useValue: platform });
    const flushUntil = (ms: number): void => {
      scheduler.maxFrames = ms;
      scheduler.flush();
    };
    return { provider, flushUntil };
  };

  it('refreshes although nobody asks', () => {
    const { provider, flushUntil } = expiring(true);
    flushUntil(3_540_000 - 1);
    expect(provider.used).toEqual([]);
    flushUntil(3_540_000);
    expect(provider.used).toEqual(['R1']);
  });

  it('ends with its injector', () => {
    const { provider, flushUntil } = expiring(true);
    TestBed.resetTestingModule();
    flushUntil(7_200_000);
    expect(provider.used).toEqual([]);
  });

  it.each([
    ['it is not there', false, 'browser'],
    ['this is a server', true, 'server'],
  ])('does nothing where %s', (_what, features, platform) => {
    const { provider, flushUntil } = expiring(features, platform);
    flushUntil(7_200_000);
    expect(provider.used).toEqual([]);
  });
});

describe('on a server', () => {
  const onServer = { provide: PLATFORM_ID, useValue: 'server' };

  it('there are no timers, though token$ has subscribers; it follows what is held all the same', async () => {
    const scheduler = new VirtualTimeScheduler();
    const schedule = jest.spyOn(scheduler, 'schedule');
    const provider = issuer({ scheduler, store: memoryStore({ access_token: 'A1', expires_at: 3_600_000 }) });
    world(given(provider, withProactiveRefresh()), onServer);
    const notes = heard(tokensOf().token$);
    await tokensOf().set({ access_token: 'B1', refresh_token: 'R', expires_at: 1 }); // due: refreshed once
    await tokensOf().clear();
    await tokensOf().set({ access_token: 'C1' });
    expect(schedule.mock.results.map(({ value }) => (value as Subscription).closed)).not.toContain(false);
    expect(schedule).toHaveBeenCalled(); // a refresh has its time limits
    TestBed.resetTestingModule();
    expect(notes).toEqual(['A1', 'A2', 'C1', 'done']);
  });

  it.each<[url: string, base: string | null, requested: string, bearer: string | null]>([
    ['https://app.example.com/a/b', null, '/api/me', 'Bearer A1'],
    ['https://app.example.com/a/b', '/api/', 'me', 'Bearer A1'],
    ['https://app.example.com/a/b', null, 'me', null],
    ['https://app.example.com/a/b', 'https://evil.example.com/', '/api/me', null],
    ['http://localhost:4000/', null, '/api/me', 'Bearer A1'],
    ['http://app.example.com/', null, '/api/me', null], // behind a proxy, which has the https: nothing goes over http
    ['about:blank', null, '/api/me', null],
  ])('URLs are those of the page: %s, base %s, %s', (url, base, requested, bearer) => {
    const page = {
      URL: url,
      querySelector: () => base && { getAttribute: () => base },
      get baseURI(): never {
        throw new Error('NotYetImplemented'); // so says the document of Angular's server
      },
    };
    const { config } = issuer();
    const targets = url === 'about:blank' ? [API] : [API, '/api'];
    const { http, backend } = world(
      provideTokenManager(() => config, withBearerTargets(...targets)),
      onServer,
      { provide: DOCUMENT, useValue: page },
    );
    http.get(requested).subscribe();
    expect(bearerOf(backend.expectOne(requested))).toBe(bearer);
  });

  it('plain http is refused all the same where it is spelled out', () => {
    const { config } = issuer();
    const providers = [provideTokenManager(() => config, withBearerTargets('http://example.com')), onServer];
    TestBed.configureTestingModule({ providers });
    expect(() => TestBed.inject(EnvironmentInjector)).toThrow('targets[0] must be https');
  });

  it('requests carry the token', () => {
    const { http, backend } = world(given(issuer()), onServer);
    http.get(API).subscribe();
    expect(bearerOf(backend.expectOne(API))).toBe('Bearer A1');
  });
});

describe('a page that comes back to life', () => {
  it.each(['visibilitychange', 'focus', 'online', 'pageshow'])(
    'has the timer look at the clock: %s',
    (type) => {
      let now = 0;
      const scheduler = new VirtualTimeScheduler();
      jest.spyOn(scheduler, 'now').mockImplementation(() => now);
      const provider = issuer({ scheduler, store: undefined });
      world(given(provider, withProactiveRefresh()));
      heard(tokensOf().token$);
      void tokensOf().set({ access_token: 'A1', refresh_token: 'R1', expires_at: 3_600_000 });
      now = 3_600_000; // asleep: the timers have not noticed
      const page = TestBed.inject<Page>(DOCUMENT);
      const target = type === 'visibilitychange' ? page : page.defaultView;
      target.dispatchEvent(new page.defaultView.Event(type));
      scheduler.maxFrames = 0;
      scheduler.flush();
      expect(provider.used).toEqual(['R1']);
    },
  );
});

interface Page extends EventTarget {
  readonly defaultView: EventTarget & { readonly Event: typeof Event };
}
