import {
  inject,
  makeEnvironmentProviders,
  provideEnvironmentInitializer,
  type EnvironmentProviders,
} from '@angular/core';
import type { TokenManagerConfig } from '../config.js';
import { DEFINITIONS, type Definition } from './definitions.js';
import type { TokenManagerFeature } from './features.js';
import { createManagers, MANAGERS } from './managers.js';

/**
 * Provides a token manager, made when the application starts and disposed of with its injector. Injectors never
 * share one: of two requests that a server renders at a time, each has its own.
 *
 * @param configFactory called once for each injector, in its injection context; what it leaves out of `scheduler`
 *   is the `asyncScheduler`, with its timers outside the Angular zone
 * @throws TypeError that names what is wrong, when the application starts
 */
export function provideTokenManager(
  configFactory: () => TokenManagerConfig,
  ...features: readonly TokenManagerFeature[]
): EnvironmentProviders {
  if (typeof configFactory !== 'function')
    throw new TypeError('provideTokenManager needs a function: provideTokenManager(() => ({ refresh }))');
  const targets = features.flatMap((feature) => feature.targets ?? []);
  const hasTargets = features.some((feature) => feature.targets);
  return provideDefinition(
    Object.assign({}, ...features, { configFactory }, hasTargets && { targets }) as Definition,
  );
}

export function provideDefinition(definition: Definition): EnvironmentProviders {
  return makeEnvironmentProviders([
    { provide: DEFINITIONS, useValue: definition, multi: true },
    { provide: MANAGERS, useFactory: createManagers },
    provideEnvironmentInitializer(() => void inject(MANAGERS)),
  ]);
}
