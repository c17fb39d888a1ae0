import { inject, InjectionToken, makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import { queueScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { memoryStore } from '../index.js';
import type { BearerTarget } from './bearerTargets.js';
import { injectTokenManager } from './injectTokenManager.js';
import { provideDefinition } from './provideTokenManager.js';

export interface TokenManagerTestingOptions {
  /** Of the manager it stands in for. Default: the one without a name. */
  readonly name?: string | undefined;
  /** The access token that is held to begin with; `null`: nobody is signed in. Default `'test-token'`. */
  readonly token?: string | null | undefined;
  /** Where tokens may go. Default: the targets of the manager it stands in for, if that is provided beside it. */
  readonly targets?: readonly (string | URL | BearerTarget)[] | undefined;
}

/** What a spec does to the manager that stands in. */
export interface TokenManagerTesting {
  /** Done at once; the promise may be ignored. Default `'test-token'`. */
  signIn(token?: string): Promise<void>;
  /** Done at once; the promise may be ignored. */
  signOut(): Promise<void>;
  /**
   * From now on refreshes fail, with an OAuth error code (RFC 6749 §5.2), or as with what a callback throws:
   * `invalid_grant` ends the sign-in, `temporarily_unavailable` passes.
   */
  failRefresh(error: string | Error): void;
  /** From now on refreshes succeed again: after `test-token` comes `test-token-2`, and so on. */
  allowRefresh(): void;
}

interface Script {
  readonly name: string | undefined;
  error?: string | Error | undefined;
  /** How many tokens it has given. */
  count: number;
  /** How far its clock is ahead. */
  skippedMs: number;
}

const SCRIPTS = new InjectionToken<readonly Script[]>('rx-token: what specs do');

const TOKEN = 'test-token';

/** With something that a provider can refuse. */
const signInWith = (token: string) => ({ access_token: token, refresh_token: 'test-refresh-token' });

/** No wait of a store or a flight is longer, and no time limit shorter. */
const SHORT_MS = 1_000;
/** The wait after a failure. */
const LONG_MS = 60_000;

/** Leaves no timers behind: a short wait is over at once, a long one never. */
function withoutTimers(script: Script): SchedulerLike {
  return {
    now: () => Date.now() + script.skippedMs,
    schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T) =>
      delayMs < SHORT_MS ? queueScheduler.schedule(work, 0, state) : Subscription.EMPTY,
  };
}

/**
 * A token manager for specs, over memory, without a network and without timers. It stands in for the manager of its
 * name where that is provided too, before or after, and keeps its targets.
 */
export function provideTokenManagerTesting({
  name,
  token = TOKEN,
  targets,
}: TokenManagerTestingOptions = {}): EnvironmentProviders {
  return makeEnvironmentProviders([
    { provide: SCRIPTS, useFactory: (): Script => ({ name, count: 1, skippedMs: 0 }), multi: true },
    provideDefinition({
      name,
      ...(targets && { targets }),
      storeFactory: undefined,
      isProactive: false,
      standsIn: true,
      configFactory() {
        const script = injectScript(name);
        return {
          store: memoryStore(token === null ? null : signInWith(token)),
          scheduler: withoutTimers(script),
          retry: () => LONG_MS,
          maxWaitMs: 0,
          refresh() {
            if (script.error instanceof Error) throw script.error;
            return script.error ? { error: script.error } : { access_token: `${TOKEN}-${++script.count}` };
          },
        };
      },
    }),
  ]);
}

/** What a spec does to the manager that stands in: `TestBed.runInInjectionContext(injectTokenManagerTesting)`. */
export function injectTokenManagerTesting(name?: string): TokenManagerTesting {
  const script = injectScript(name);
  const tokens = injectTokenManager(name);
  function answerWith(error: string | Error | undefined): void {
    script.error = error;
    script.skippedMs += LONG_MS; // what failed before is tried again
  }
  return {
    signIn: (token = TOKEN) => tokens.set(signInWith(token)),
    signOut: () => tokens.clear(),
    failRefresh: answerWith,
    allowRefresh: () => answerWith(undefined),
  };
}

function injectScript(name: string | undefined): Script {
  const script = inject(SCRIPTS, { optional: true })?.findLast((each) => each.name === name);
  if (script) return script;
  throw new TypeError(
    'There is no such token manager for specs: add provideTokenManagerTesting() to the providers',
  );
}
