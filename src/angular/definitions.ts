import { InjectionToken } from '@angular/core';
import type { TokenManagerConfig } from '../config.js';
import type { TokenManagerFeature } from './features.js';

/** What one call of `provideTokenManager` asked for. */
export interface Definition extends TokenManagerFeature {
  /** Called in the injection context. */
  readonly configFactory: () => TokenManagerConfig;
  /** True: takes the place of the manager of its name, as specs want it. */
  readonly standsIn?: boolean | undefined;
}

/** All definitions of one injector, in order. */
export const DEFINITIONS = new InjectionToken<readonly Definition[]>('rx-token: definitions');

/**
 * One for each name: who stands in takes a place, and what it does not say itself is left as it was.
 *
 * @throws TypeError where two managers have one name
 */
export function distinct(definitions: readonly Definition[]): Definition[] {
  const known = new Map<string | undefined, Definition>();
  const standIns = definitions.filter(({ standsIn }) => standsIn);
  for (const definition of definitions.filter(({ standsIn }) => !standsIn).concat(standIns)) {
    const { name, standsIn } = definition;
    if (known.has(name) && !standsIn)
      throw new TypeError(
        name === undefined
          ? 'Two token managers without a name: add withName(…) to one of them'
          : `Two token managers are named "${name}"`,
      );
    known.set(name, { ...known.get(name), ...definition });
  }
  return [...known.values()];
}
