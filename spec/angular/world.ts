import '@angular/compiler'; // first: what Angular's packages hold is compiled when it is loaded
import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import {
  HttpTestingController,
  provideHttpClientTesting,
  type TestRequest,
} from '@angular/common/http/testing';
import type { EnvironmentProviders, Provider } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import { afterEach } from '@jest/globals';
import { materialize, type Observable } from 'rxjs';
import { memoryStore, type RefreshResult, type TokenManager, type TokenManagerConfig } from 'rx-token';
import {
  bearerInterceptor,
  injectTokenManager,
  provideTokenManager,
  withBearerTargets,
  type TokenManagerFeature,
} from 'rx-token/angular';
import { codeOf } from '../helpers/diary.js';

TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());
afterEach(() => void TestBed.resetTestingModule());

export const API = 'https://api.example.com';

export interface World {
  readonly http: HttpClient;
  readonly backend: HttpTestingController;
}

/** An application with `HttpClient` and the interceptor, whose requests the spec answers. */
export function world(...providers: (EnvironmentProviders | Provider)[]): World {
  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(withInterceptors([bearerInterceptor])),
      provideHttpClientTesting(),
      ...providers,
    ],
  });
  return { http: TestBed.inject(HttpClient), backend: TestBed.inject(HttpTestingController) };
}

/** A provider of credentials, in the process. */
export interface Issuer {
  /** The refresh tokens that were used. */
  readonly used: (string | undefined)[];
  /** What the next refreshes come to; where it is empty, A2, A3 and so on. */
  readonly answers: (() => RefreshResult)[];
  readonly config: TokenManagerConfig;
}

/** A manager's config that holds A1, unless nobody is signed in. */
export function issuer(config: Partial<TokenManagerConfig> = {}, isSignedIn = true): Issuer {
  const used: (string | undefined)[] = [];
  const answers: (() => RefreshResult)[] = [];
  return {
    used,
    answers,
    config: {
      store: memoryStore(isSignedIn ? { access_token: 'A1', refresh_token: 'R1' } : null),
      refresh({ refresh_token }) {
        used.push(refresh_token);
        const count = used.length + 1;
        return answers.shift()?.() ?? { access_token: `A${count}`, refresh_token: `R${count}` };
      },
      maxWaitMs: 0,
      ...config,
    },
  };
}

export const given = (
  { config }: Issuer,
  ...features: readonly TokenManagerFeature[]
): EnvironmentProviders => provideTokenManager(() => config, withBearerTargets(API), ...features);

export const tokensOf = (name?: string): TokenManager =>
  TestBed.runInInjectionContext(() => injectTokenManager(name));

export const bearerOf = ({ request }: TestRequest): string | null => request.headers.get('Authorization');

/** Notes what is emitted from now on, an error by its code or its status, and the end. */
export function heard<T>(source$: Observable<T>): unknown[] {
  const notes: unknown[] = [];
  source$.pipe(materialize()).subscribe(({ kind, value, error }) => {
    if (kind === 'N') notes.push(value);
    else notes.push(kind === 'C' ? 'done' : ((error as { status?: number }).status ?? codeOf(error)));
  });
  return notes;
}

/** What errors are, to look at them. */
export function failureOf(source$: Observable<unknown>): { error?: unknown } {
  const failure: { error?: unknown } = {};
  source$.subscribe({ error: (error: unknown) => (failure.error = error) });
  return failure;
}

export const UNAUTHORIZED = { status: 401, statusText: 'Unauthorized' };
