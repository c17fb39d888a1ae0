import { inject, InjectionToken } from '@angular/core';
import { DEFINITIONS, distinct } from './definitions.js';
import { createManaged, type Managed } from './managed.js';

/** Those of an injector, and those of its parents that it has none of the same name for. */
export const MANAGERS = new InjectionToken<readonly Managed[]>('rx-token: managers');

export function createManagers(): readonly Managed[] {
  const own = distinct(inject(DEFINITIONS, { self: true })).map(createManaged);
  own.forEach((managed) => managed.start());
  const inherited = inject(MANAGERS, { skipSelf: true, optional: true }) ?? [];
  return [...own, ...inherited.filter(({ name }) => !own.some((managed) => managed.name === name))];
}

/**
 * The manager of this name, in the injection context.
 *
 * @throws TypeError that says how to provide it
 */
export function injectManaged(name?: string): Managed {
  const managed = inject(MANAGERS, { optional: true })?.find((each) => each.name === name);
  if (managed) return managed;
  const feature = name === undefined ? '' : `, withName('${name}')`;
  throw new TypeError(
    `There is no such token manager: add provideTokenManager(() => ({ refresh })${feature}) to the providers`,
  );
}
