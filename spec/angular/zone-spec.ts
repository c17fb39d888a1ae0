/** @jest-environment jsdom */
import 'zone.js';
import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withInterceptors,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import {
  type ApplicationRef,
  DOCUMENT,
  type EnvironmentProviders,
  NgZone,
  type Provider,
  provideZoneChangeDetection,
  runInInjectionContext,
} from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { afterEach, describe, expect, it } from '@jest/globals';
import { asyncScheduler, type Observable, Subject, VirtualTimeScheduler } from 'rxjs';
import { memoryStore, type TokenManagerConfig } from 'rx-token';
import {
  bearerInterceptor,
  injectTokenManager,
  provideTokenManager,
  withBearerTargets,
  withProactiveRefresh,
  withStore,
} from 'rx-token/angular';
import { webStorageStore } from 'rx-token/browser';
import { fakeBrowser, type FakeTab } from '../helpers/fakeBrowser.js';
import { until } from '../helpers/until.js';
import { showsTheState } from './showsTheState.js';

const API = 'https://api.example.com';
const HOUR_MS = 3_600_000;

const running: ApplicationRef[] = [];
afterEach(() => running.splice(0).forEach((app) => app.destroy()));

/** A real application with zones, without a component. */
async function application(...providers: (EnvironmentProviders | Provider)[]) {
  const app = await createApplication({ providers: [provideZoneChangeDetection(), ...providers] });
  running.push(app);
  const tokens = runInInjectionContext(app.injector, injectTokenManager);
  return { app, tokens, zone: app.injector.get(NgZone) };
}

/** A token that has ended, in a web storage. */
function overTabs({ storage, options }: Pick<FakeTab, 'storage' | 'options'>) {
  storage.setItem('login', JSON.stringify({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }));
  const refresh = () => ({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
  return [
    provideTokenManager(
      () => ({ refresh }),
      withStore(() => webStorageStore('login', storage, options)),
    ),
  ];
}

/** A token that lasts for another hour, by the clock of the machine or of a spec. */
const lasting = (config: Partial<TokenManagerConfig> = {}): (() => TokenManagerConfig) => {
  const startsAt = config.scheduler?.now() ?? Date.now();
  const initial = { access_token: 'A1', refresh_token: 'R1', expires_at: startsAt + HOUR_MS };
  return () => ({
    store: memoryStore(initial),
    refresh: () => ({ access_token: 'A2', expires_in: 3600 }),
    ...config,
  });
};

describe('an application with zones', () => {
  it('becomes stable with a timer of an hour pending', async () => {
    const { app, tokens, zone } = await application(provideTokenManager(lasting(), withProactiveRefresh()));
    zone.run(() => tokens.token$.subscribe());
    await app.whenStable();
    expect(zone.hasPendingMacrotasks).toBe(false);
  });

  it('would not, were the timers of the manager inside: the same with a scheduler that knows no zone', async () => {
    const { tokens, zone } = await application(provideTokenManager(lasting({ scheduler: asyncScheduler })));
    zone.run(() => tokens.token$.subscribe());
    expect(zone.hasPendingMacrotasks).toBe(true);
  });

  it('becomes stable while a caller waits for the next attempt, and tells it inside', async () => {
    const answers = [() => Promise.reject(new Error('no network')), () => ({ access_token: 'A2' })];
    const { app, tokens, zone } = await application(
      provideTokenManager(() => ({
        store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
        refresh: () => answers.shift()?.() as Promise<unknown>,
        retry: () => 100,
      })),
    );
    await expect(tokens.getValidToken()).rejects.toMatchObject({ code: 'refresh_unavailable' });
    const told: unknown[] = [];
    zone.run(() => tokens.validToken$.subscribe((token) => told.push(token, NgZone.isInAngularZone())));
    expect(zone.hasPendingMacrotasks).toBe(false);
    await app.whenStable();
    await until(() => told.length > 0);
    expect(told).toEqual(['A2', true]);
  });

  it('hears inside what comes from outside, where it has subscribed inside', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { tokens, zone } = await application(
      provideTokenManager(lasting({ scheduler }), withProactiveRefresh()),
    );
    const where: [string, boolean][] = [];
    const note = (name: string, source$: Observable<unknown>) =>
      source$.subscribe({
        next: () => where.push([name, NgZone.isInAngularZone()]),
        complete: () => where.push([`end of ${name}`, NgZone.isInAngularZone()]),
      });
    zone.run(() => {
      note('token$', tokens.token$);
      note('credentials$', tokens.credentials$);
      note('state$', tokens.state$);
      note('events$', tokens.events$);
      void tokens.invalidate();
    });
    zone.runOutsideAngular(() => note('outside', tokens.token$));
    where.length = 0;
    zone.runOutsideAngular(() => {
      scheduler.maxFrames = HOUR_MS;
      scheduler.flush();
    });
    const names = ['token$', 'credentials$', 'state$', 'events$'];
    expect(new Set(where.map(([name]) => name))).toEqual(new Set([...names, 'outside']));
    for (const [name, isInside] of where) expect([name, isInside]).toEqual([name, name !== 'outside']);
    where.length = 0;
    tokens.dispose();
    expect(where.filter(([, isInside]) => isInside).map(([name]) => name)).toEqual(
      expect.arrayContaining(names.map((name) => `end of ${name}`)),
    );
  });

  it('sends inside what has waited for a refresh from outside: a request, and one that was refused', async () => {
    const answer$ = new Subject<object>();
    const refresh = () => answer$;
    const sentInside: boolean[] = [];
    const note: HttpInterceptorFn = (request, next) => (
      sentInside.push(NgZone.isInAngularZone()),
      next(request)
    );
    const { app, tokens, zone } = await application(
      provideHttpClient(withInterceptors([bearerInterceptor, note])),
      provideHttpClientTesting(),
      provideTokenManager(lasting({ refresh }), withBearerTargets(API)),
    );
    const backend = app.injector.get(HttpTestingController);
    zone.run(() => {
      app.injector.get(HttpClient).get(API).subscribe();
      backend.expectOne(API).flush('no', { status: 401, statusText: 'Unauthorized' });
      void tokens.invalidate();
      app.injector.get(HttpClient).get(`${API}/2`).subscribe();
    });
    await until(() => answer$.observed);
    expect(sentInside).toEqual([true]);
    zone.runOutsideAngular(() => answer$.next({ access_token: 'A2' }));
    await until(() => sentInside.length === 3);
    expect(sentInside).toEqual([true, true, true]);
    for (const sent of backend.match(() => true)) sent.flush('welcome');
    await app.whenStable();
  });

  it('detects no changes while another tab refreshes, where there are no Web Locks', async () => {
    const tab = fakeBrowser().newTab();
    const held = { owner: 'another', since: 1, until: Date.now() + 20_000 };
    tab.storage.setItem('login.lease', JSON.stringify(held));
    const { tokens, zone } = await application(
      ...overTabs({ ...tab, options: { ...tab.options, locks: null } }),
    );
    let count = 0;
    zone.onUnstable.subscribe(() => count++);
    let polls = 0;
    const { getItem } = tab.storage;
    tab.storage.getItem = (key) => ((polls += Number(key === 'login.lease')), getItem(key));
    zone.run(() => tokens.validToken$.subscribe({ error: () => undefined }));
    await until(() => polls > 20);
    expect(count).toBeLessThan(10);
  });

  it('detects no changes because the page came back', async () => {
    const { app, tokens, zone } = await application(provideTokenManager(lasting({ store: undefined })));
    zone.run(() => tokens.state$.subscribe());
    await app.whenStable();
    let count = 0;
    zone.onUnstable.subscribe(() => count++);
    const page = app.injector.get<Page>(DOCUMENT);
    page.dispatchEvent(new page.defaultView.Event('visibilitychange')); // the window of Jest knows no zones
    expect(count).toBe(0);
    zone.run(() => undefined);
    expect(count).toBe(1);
  });
});

interface Page extends EventTarget {
  readonly defaultView: { readonly Event: typeof Event };
}

it('an application with zones shows the state, as it changes outside', () =>
  showsTheState(provideZoneChangeDetection()));
