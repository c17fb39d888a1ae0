/** @jest-environment jsdom */
import { API, bearerOf, failureOf, given, heard, issuer, tokensOf, UNAUTHORIZED, world } from './world.js';
import { TestBed } from '@angular/core/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { NoCredentialsError, RefreshRejectedError, RefreshUnavailableError } from 'rx-token';
import {
  injectAuthState,
  injectTokenManagerTesting,
  provideTokenManager,
  provideTokenManagerTesting,
  withBearerTargets,
  withName,
  withProactiveRefresh,
  withStore,
} from 'rx-token/angular';

const url = `${API}/me`;
const testing = (name?: string) => TestBed.runInInjectionContext(() => injectTokenManagerTesting(name));
const state = () => TestBed.runInInjectionContext(injectAuthState)();

describe('provideTokenManagerTesting', () => {
  it('stands in for the manager of the application, before or after it, and keeps its targets', () => {
    const theirs = jest.fn(() => issuer().config);
    const store = jest.fn(() => issuer().config.store!);
    const real = provideTokenManager(
      theirs,
      withBearerTargets(API),
      withStore(store),
      withProactiveRefresh(),
    );
    for (const providers of [
      [real, provideTokenManagerTesting()],
      [provideTokenManagerTesting(), real],
    ]) {
      TestBed.resetTestingModule();
      const { http, backend } = world(...providers);
      http.get(url).subscribe();
      http.get('https://example.com').subscribe();
      expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer test-token', null]);
    }
    expect(theirs).not.toHaveBeenCalled();
    expect(store).not.toHaveBeenCalled();
  });

  it('stands alone, with targets of its own and another token', () => {
    const { http, backend } = world(provideTokenManagerTesting({ token: 'mine', targets: [API] }));
    http.get(url).subscribe();
    expect(bearerOf(backend.expectOne(url))).toBe('Bearer mine');
  });

  it('stands in for the one that is named, and leaves others alone', () => {
    world(
      given(issuer()),
      given(issuer(), withName('billing')),
      provideTokenManagerTesting({ name: 'billing', token: 'B' }),
    );
    expect([heard(tokensOf().token$), heard(tokensOf('billing').token$)]).toEqual([['A1'], ['B']]);
    void testing('billing').signOut();
    expect(failureOf(tokensOf('billing').validToken$).error).toBeInstanceOf(NoCredentialsError);
    expect(heard(tokensOf().token$)).toEqual(['A1']);
    expect(() => testing()).toThrow('add provideTokenManagerTesting() to the providers');
  });

  it('is signed out and in, in the same tick', () => {
    const { http, backend } = world(provideTokenManagerTesting({ token: null, targets: [API] }));
    expect(state()).toEqual({ status: 'signed-out' });
    expect(failureOf(http.get(url)).error).toBeInstanceOf(NoCredentialsError);
    void testing().signIn();
    expect(state()).toEqual({ status: 'valid' });
    http.get(url).subscribe();
    void testing().signIn('another');
    http.get(url).subscribe();
    expect(backend.match(() => true).map(bearerOf)).toEqual(['Bearer test-token', 'Bearer another']);
    void testing().signOut();
    expect(state()).toEqual({ status: 'signed-out' });
  });

  it('refreshes, in the same tick', () => {
    const { http, backend } = world(provideTokenManagerTesting({ targets: [API] }));
    const notes = heard(http.get(url));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    const again = backend.expectOne(url);
    expect(bearerOf(again)).toBe('Bearer test-token-2');
    again.flush('welcome');
    expect(notes).toEqual(['welcome', 'done']);
  });

  it('fails as it is told to, in the same tick: for good', async () => {
    const { http, backend } = world(provideTokenManagerTesting({ targets: [API] }));
    testing().failRefresh('invalid_grant');
    const failure = failureOf(http.get(url));
    backend.expectOne(url).flush('no', UNAUTHORIZED);
    expect(failure.error).toMatchObject({ status: 401, cause: expect.any(RefreshRejectedError) });
    expect(state()).toMatchObject({ status: 'reauthentication-required' });
    await testing().signIn();
    expect(state()).toEqual({ status: 'valid' });
  });

  it.each([
    ['a code', 'temporarily_unavailable'],
    ['an error', new Error('no network')],
  ])('fails as it is told to, in the same tick: for a while, with %s; and works again', (_what, error) => {
    world(provideTokenManagerTesting());
    testing().failRefresh(error);
    void tokensOf().invalidate();
    const told = heard(tokensOf().token$);
    for (const again of [2, 3]) {
      testing().failRefresh(error);
      expect(failureOf(tokensOf().validToken$).error).toBeInstanceOf(RefreshUnavailableError);
      expect(state()).toMatchObject({ status: 'retrying', attempt: again });
    }
    testing().allowRefresh();
    expect(heard(tokensOf().validToken$)).toEqual(['test-token-2', 'done']);
    expect(told).toEqual(['test-token-2']);
  });

  it('leaves no timers behind', async () => {
    const started = [jest.spyOn(globalThis, 'setTimeout'), jest.spyOn(globalThis, 'setInterval')];
    world(provideTokenManagerTesting());
    heard(tokensOf().token$);
    void tokensOf().set({ access_token: 'ends', refresh_token: 'R', expires_in: 3600 });
    testing().failRefresh('temporarily_unavailable');
    await expect(tokensOf().renew('ends')).rejects.toBeInstanceOf(RefreshUnavailableError);
    testing().failRefresh('invalid_grant');
    await expect(firstValueFrom(tokensOf().renewal('ends'))).rejects.toBeInstanceOf(RefreshRejectedError);
    for (const start of started) {
      expect(start).not.toHaveBeenCalled();
      start.mockRestore();
    }
  });
});
