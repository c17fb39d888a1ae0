import '@angular/compiler'; // first: what Angular's packages hold is compiled when it is loaded
import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import type { EnvironmentProviders, Provider } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import {
  bearerInterceptor,
  injectTokenManager,
  provideTokenManager,
  withBearerTargets,
} from 'rx-token/angular';
import { memoryStore, type TokenManager, type TokenManagerConfig } from 'rx-token';

TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());

export const API = 'https://api.example.com';

export interface World {
  readonly http: HttpClient;
  readonly backend: HttpTestingController;
  readonly tokens: TokenManager;
}

/** An application with `HttpClient`, whose requests the spec answers; the provider answers as `config` says. */
export function world(...managers: (EnvironmentProviders | Provider)[]): World {
  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(withInterceptors([bearerInterceptor])),
      provideHttpClientTesting(),
      ...managers,
    ],
  });
  return {
    http: TestBed.inject(HttpClient),
    backend: TestBed.inject(HttpTestingController),
    tokens: TestBed.runInInjectionContext(() => injectTokenManager()),
  };
}

/** A manager that holds A1, and gets A2, A3 and so on, unless `config` says otherwise. */
export function lettered(config: Partial<TokenManagerConfig> = {}): () => TokenManagerConfig {
  return () => {
    let count = 1;
    return {
      store: memoryStore({ access_token: 'A1', refresh_token: 'R1' }),
      refresh: () => ({ access_token: `A${++count}`, refresh_token: `R${count}` }),
      maxWaitMs: 0,
      ...config,
    };
  };
}

export const signedIn = (config?: Partial<TokenManagerConfig>): EnvironmentProviders =>
  provideTokenManager(lettered(config), withBearerTargets(API));
