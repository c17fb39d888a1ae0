import { describe, expect, it } from '@jest/globals';
import { createTokenManager } from 'rx-token';
import { diaryOf } from '../helpers/diary.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, type Bench, scenario } from '../helpers/scenario.js';
import { unevenClock } from '../helpers/unevenClock.js';

/** A manager on a wall clock of its own; the provider's clock is right. */
function onItsOwnClock({ scheduler, server, store }: Bench, aheadMs = 0) {
  const clock = unevenClock(scheduler, aheadMs);
  const tokens = createTokenManager({ store, refresh: server.refresh, scheduler: clock });
  return { clock, tokens };
}

describe('S6: the clock is wrong, or jumps', () => {
  it.each([hours(1), -hours(1)])(
    'off by %d ms when the token is issued: one refresh for each lifetime',
    (off) =>
      scenario(
        (bench) => {
          const { tokens } = onItsOwnClock(bench, off);
          void tokens.set(bench.server.signIn());
          const heard = diaryOf(tokens.token$, bench.scheduler);
          return () => {
            expect(heard.map(([at]) => at)).toEqual([0, 1, 2, 3].map((n) => n * minutes(59)));
            for (const [at, token] of heard.slice(1))
              expect([at, bench.server.isAccessTokenValid(String(token))]).toBeTruthy();
            expect(bench.server.counters.requests).toBe(3);
            tokens.dispose();
          };
        },
        { initial: null, untilMs: minutes(59) * 3 + 1 },
      )(),
  );

  it(
    'stepped forward: one early refresh at most',
    scenario((bench) => {
      const { clock, tokens } = onItsOwnClock(bench);
      tokens.token$.subscribe();
      bench.at(minutes(10), () => clock.step(hours(2)));
      return () => {
        // in 150 minutes there are two deadlines, and the step brings one forward
        expect(bench.server.counters.requests).toBeLessThanOrEqual(3);
        expect(bench.server.log[0]!.at).toBeLessThanOrEqual(minutes(11));
        tokens.dispose();
      };
    }),
  );

  it(
    'stepped back: the token is served at most the step longer, and a 401 corrects it',
    scenario(
      (bench) => {
        const { server, at } = bench;
        const { clock, tokens } = onItsOwnClock(bench, hours(10));
        void tokens.set(server.signIn());
        const heard = diaryOf(tokens.token$, bench.scheduler);
        at(minutes(10), () => clock.step(-hours(2)));
        at(minutes(61), () => {
          expect(server.isAccessTokenValid(A(1))).toBe(false);
          void tokens.renew(A(1));
        });
        return () => {
          expect(heard.slice(0, 2)).toEqual([
            [0, A(1)],
            [minutes(61), A(2)],
          ]);
          tokens.dispose();
        };
      },
      { initial: null },
    ),
  );

  it.each([hours(2), -hours(2)])('stepped by %d ms during the exchange: one refresh more at most', (step) =>
    scenario(
      (bench) => {
        const { clock, tokens } = onItsOwnClock(bench);
        tokens.token$.subscribe();
        bench.at(minutes(59) + 500, () => clock.step(step));
        return () => {
          expect(bench.server.counters.requests).toBeLessThanOrEqual(2);
          tokens.dispose();
        };
      },
      { server: { latencyMs: seconds(1) }, untilMs: minutes(90) },
    )(),
  );
});
