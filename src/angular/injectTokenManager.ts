import type { Signal } from '@angular/core';
import type { Observable } from 'rxjs';
import type { TokenEvent } from '../events.js';
import type { TokenState } from '../held.js';
import type { TokenManager } from '../tokenManager.js';
import { injectManaged } from './managers.js';

/**
 * The manager, in the injection context. What it emits is heard in the Angular zone by whoever subscribes there.
 *
 * @param name of `withName`; default the manager without one
 * @throws TypeError where none is provided
 */
export function injectTokenManager(name?: string): TokenManager {
  return injectManaged(name).tokens;
}

/** The present state of the manager, without a token in it; `loading` until its store has answered. */
export function injectAuthState(name?: string): Signal<TokenState> {
  return injectManaged(name).state();
}

/** Emits what happens from now on, without a secret in it. Completes with its injector, never errors. */
export function injectAuthEvents(name?: string): Observable<TokenEvent> {
  return injectManaged(name).tokens.events$;
}
