import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { type Observable, tap } from 'rxjs';
import { createTokenManager, type TokenManager, type TokenManagerConfig } from 'rx-token';
import type { VirtualTime, VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf, type Entry } from './diary.js';
import { inVirtualTime, minutes, seconds } from './inVirtualTime.js';
import { storedIn } from './stored.js';

/** The `n`th tokens of the server: long enough to be found wherever they do not belong. */
export const A = (n: number): string => `access-canary-${n}`;
export const R = (n: number): string => `refresh-canary-${n}`;

/** What the authorization server may have seen when all is over. */
export interface Judgement {
  /** How often any one refresh token was presented (I1). Default 1. */
  readonly presentedAtMost?: number;
  /** Whether a family was revoked (I2): only where the scenario itself makes that unavoidable. Default false. */
  readonly revoked?: boolean;
  /** Whether the store may be empty at the end: somebody has signed out. Default false. */
  readonly signedOut?: boolean;
}

export interface Bench extends VirtualTime {
  /** Another manager on the same store: a sibling, a process that was restarted. */
  another(options?: Partial<TokenManagerConfig>): TokenManager;
  /** Asks, and notes what came of it and when. Whoever asks is answered: I4. */
  ask(source$: Observable<unknown>): Entry[];
}

/** No wait is longer: lock, exchange, the next attempt, the looks for a successor, and a little more (I4). */
const LONGEST_WAIT_MS = seconds(10) + seconds(30) + seconds(5) + 600;

/** A test in virtual time that ends with the invariants of every scenario. */
export function scenario(
  test: (bench: Bench) => unknown,
  config: VirtualTimeConfig & { readonly judge?: Judgement } = {},
) {
  const { judge = {}, ...rest } = config;
  const server = {
    tokenName: (kind: string, n: number) => (kind === 'access' ? A(n) : R(n)),
    ...config.server,
  };
  return inVirtualTime(
    (time) => {
      const managers: TokenManager[] = [];
      const told: unknown[] = [];
      const asked: { at: number; diary: Entry[] }[] = [];
      const overhear = (tokens: TokenManager): TokenManager => {
        managers.push(tokens);
        tokens.events$.subscribe((event) => told.push(event));
        tokens.state$.subscribe((state) => told.push(state));
        return tokens;
      };
      overhear(time.manager);
      const bench: Bench = {
        ...time,
        another: (options = {}) =>
          overhear(
            createTokenManager({
              store: time.store,
              refresh: time.server.refresh,
              scheduler: time.scheduler,
              ...options,
            }),
          ),
        ask(source$) {
          const overheard$ = source$.pipe(tap({ error: (error: unknown) => told.push(error) }));
          const diary = diaryOf(overheard$, time.scheduler);
          asked.push({ at: time.scheduler.now(), diary });
          return diary;
        },
      };
      const afterwards = test(bench);
      return async () => {
        if (typeof afterwards === 'function') await (afterwards as () => unknown)();
        everyoneWasAnswered(asked, time.scheduler.now());
        theServerIsContent(time, judge);
        theStoreIsWhole(time, judge);
        nobodySpoke(told);
        for (const tokens of managers) tokens.dispose();
        expect(await time.manager.getValidToken().catch(codeOf)).toBe('disposed');
      };
    },
    { untilMs: minutes(150), ...rest, server },
  );
}

/** I4 */
function everyoneWasAnswered(asked: { at: number; diary: Entry[] }[], now: number): void {
  for (const { at, diary } of asked) {
    if (now - at < LONGEST_WAIT_MS) continue;
    expect(diary).toHaveLength(1);
    expect(diary[0]![0] - at).toBeLessThanOrEqual(LONGEST_WAIT_MS);
  }
}

/** I1, I2 */
function theServerIsContent(
  { server }: VirtualTime,
  { presentedAtMost = 1, revoked = false }: Judgement,
): void {
  expect(Math.max(0, ...server.presented.values())).toBeLessThanOrEqual(presentedAtMost);
  expect(server.counters.familiesRevoked > 0).toBe(revoked);
}

/** I3: complete, and never older than what was granted last, unless that never arrived. */
function theStoreIsWhole({ store }: VirtualTime, { signedOut = false }: Judgement): void {
  const stored = storedIn(store);
  if (signedOut && stored === null) return;
  expect(typeof stored?.access_token).toBe('string');
  expect(stored?.expires_at === undefined || Number.isFinite(stored.expires_at)).toBe(true);
}

/** I6 */
function nobodySpoke(told: unknown[]): void {
  const some = told.length > 200 ? [...told.slice(0, 100), ...told.slice(-100)] : told;
  const said = some.flatMap((what) => [
    JSON.stringify(what),
    inspect(what, { depth: 10, showHidden: true }),
    String((what as { error?: Error }).error?.stack),
  ]);
  expect(said.filter((text) => text.includes('canary'))).toEqual([]);
}
