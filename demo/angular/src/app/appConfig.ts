import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { type ApplicationConfig, inject, provideAppInitializer } from '@angular/core';
import {
  bearerInterceptor,
  provideTokenManager,
  withBearerTargets,
  withProactiveRefresh,
  withStore,
} from 'rx-token/angular';
import { webStorageStore } from 'rx-token/browser';
import { refreshTokenGrant } from 'rx-token/oauth';
import { wireTap } from '../requests/wireTap';
import type { Arrival } from '../signIn/arrival';
import { client } from '../signIn/client';
import { SignIn } from '../signIn/signIn';
import { History } from '../timeline/history';
import { isLazy } from './preference';
import { SKEW_MS } from './skewMs';

export const appConfig = (arrival: Arrival | undefined): ApplicationConfig => ({
  providers: [
    provideHttpClient(withInterceptors([bearerInterceptor, wireTap])),
    provideTokenManager(
      () => ({ refresh: refreshTokenGrant(client), skewMs: SKEW_MS }),
      withBearerTargets('/api'),
      withStore(() => webStorageStore('rx-token-demo')),
      ...(isLazy() ? [] : [withProactiveRefresh()]),
    ),
    provideAppInitializer(() => {
      inject(History); // from the very first event on
      return arrival && inject(SignIn).finish(arrival);
    }),
  ],
});
