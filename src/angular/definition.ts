import { InjectionToken } from '@angular/core';
import type { TokenManagerConfig } from '../config.js';
import type { CredentialStore, GetSetPair } from '../contracts.js';
import type { BearerTarget } from './bearerTargets.js';

/** What the features of a manager say of it. */
export interface Features {
  /** Of several managers in one application. */
  readonly name?: string;
  readonly targets?: readonly (string | URL | BearerTarget)[];
  /** Called in the injection context. */
  readonly store?: (() => CredentialStore | GetSetPair) | undefined;
  /** True: kept fresh while the injector lives. */
  readonly isProactive?: boolean;
  /** True: takes the place of the manager of this name, as specs want it. */
  readonly standsIn?: boolean;
}

/** What one call of `provideTokenManager` asked for. */
export interface Definition extends Features {
  /** Called in the injection context. */
  readonly configFactory: () => TokenManagerConfig;
}

/** All of an injector, in order. */
export const DEFINITIONS = new InjectionToken<readonly Definition[]>('rx-token: definitions of managers');
