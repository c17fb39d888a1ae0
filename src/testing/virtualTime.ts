import { TestScheduler } from 'rxjs/testing';
import {
  type Credentials,
  type CredentialStore,
  createTokenManager,
  memoryStore,
  mergeRotation,
  type TokenManager,
  type TokenManagerConfig,
} from '../index.js';
import type { FakeAuthorizationServer, FakeAuthorizationServerConfig } from './authorizationServer.js';
import { fakeAuthorizationServer } from './fakeAuthorizationServer.js';
import { seededRandom } from './seededRandom.js';

type MarbleTools = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** What there is before the manager: RxJS's own marble tools, and what the manager will work with. */
export interface VirtualTimeTools extends MarbleTools {
  /** Its `now()` is the virtual clock: epoch ms, 0 at the start. A frame is a millisecond. */
  readonly scheduler: TestScheduler;
  /** Spells its tokens `A1`, `R1`, `A2`, …, the first pair being that of the sign-in. */
  readonly server: FakeAuthorizationServer;
  readonly store: CredentialStore;
  /** Does something at a virtual instant, in ms. */
  at(ms: number, work: () => unknown): void;
}

/** What a test in virtual time is handed. */
export interface VirtualTime extends VirtualTimeTools {
  readonly manager: TokenManager;
}

export interface VirtualTimeConfig {
  /** Of the manager; over `refresh: server.refresh`, `store`, and a seeded `random`. */
  readonly manager?:
    Partial<TokenManagerConfig> | ((tools: VirtualTimeTools) => Partial<TokenManagerConfig>) | undefined;
  /** Of the server; `scheduler` is that of the test. */
  readonly server?: FakeAuthorizationServerConfig | undefined;
  /** What the store holds at the start. Default: a sign-in at instant 0; `null`: nobody is signed in. */
  readonly initial?: Credentials | null | undefined;
  /** When virtual time ends, in ms: a manager with subscribers never rests. Default: a day, 86 400 000. */
  readonly untilMs?: number | undefined;
  /** Of everything random; default 1. */
  readonly seed?: number | undefined;
}

/**
 * Makes a way to test a whole manager with marbles, in virtual time: hours pass in no time, and nothing that
 * happens depends on the machine. What it wraps is run synchronously, within `TestScheduler.run`; then time
 * passes until `untilMs`, what was expected is compared, and the manager is disposed of.
 *
 * Promises do not take part in virtual time: use `validToken$` and `renewal()`, not `getValidToken()` and
 * `renew()`. A test that returns a promise fails with a TypeError.
 *
 * @param deepEqual throws unless both are equal, as the assertions of any test runner do
 *
 * @example
 * const inVirtualTime = virtualTime((actual, expected) => expect(actual).toEqual(expected));
 *
 * it('refreshes a minute before the token expires', inVirtualTime(({ manager, expectObservable }) => {
 *   expectObservable(manager.token$, '^ 100m !').toBe('a 3539999ms b', { a: 'A1', b: 'A2' });
 * }));
 */
export function virtualTime(deepEqual: (actual: unknown, expected: unknown) => unknown) {
  return (test: (time: VirtualTime) => void, config: VirtualTimeConfig = {}) =>
    (): void => {
      const { seed = 1, untilMs = 86_400_000 } = config;
      const scheduler = new TestScheduler((actual, expected) => void deepEqual(actual, expected));
      const server = fakeAuthorizationServer({
        tokenName: (kind, count) => `${kind === 'access' ? 'A' : 'R'}${count}`,
        seed,
        ...config.server,
        scheduler,
      });
      const initial = config.initial === undefined ? mergeRotation(null, server.signIn(), 0) : config.initial;
      const store = memoryStore(initial);
      let manager: TokenManager | undefined;
      try {
        scheduler.run((marbles) => {
          scheduler.maxFrames = untilMs;
          const at = (ms: number, work: () => unknown) => void scheduler.schedule(() => void work(), ms);
          const tools: VirtualTimeTools = { ...marbles, scheduler, server, store, at };
          const options = typeof config.manager === 'function' ? config.manager(tools) : config.manager;
          const random = seededRandom(seed);
          manager = createTokenManager({ refresh: server.refresh, store, random, ...options, scheduler });
          mustBeOver(test({ ...tools, manager }));
        });
      } finally {
        manager?.dispose();
      }
    };
}

/** What comes after the first `await` comes when virtual time has ended: nobody would hear of it. */
function mustBeOver(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  void Promise.resolve(result).catch(() => undefined);
  throw new TypeError(
    'A test in virtual time must not return a promise: use validToken$ and renewal() in it',
  );
}
