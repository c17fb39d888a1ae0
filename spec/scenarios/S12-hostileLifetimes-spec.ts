import { describe, expect, it } from '@jest/globals';
import { minutes, seconds } from '../helpers/inVirtualTime.js';
import { scenario } from '../helpers/scenario.js';
import { storedIn } from '../helpers/stored.js';

const vectors: unknown[] = ['3600', ' 3600 ', 'abc', null, undefined, 0, -5, 0.5, NaN, 1e308, 9e15, true, {}];
const skews = [0, seconds(60), seconds(7200)];
const lifetimes = [seconds(20), seconds(60), seconds(3600)];
const proactiveFloorMs = 500;

describe('S12: hostile lifetimes', () => {
  describe.each(skews)('with a skew of %d ms', (skewMs) => {
    it.each(vectors)('expires_in: %p', (expires_in) =>
      scenario(
        ({ manager, server, store }) => {
          manager.token$.subscribe();
          return () => {
            const { expires_at } = storedIn(store)!;
            expect(expires_at === undefined || (Number.isFinite(expires_at) && expires_at >= 0)).toBe(true);
            expect(server.counters.requests).toBeLessThanOrEqual(60 + 1);
            expectNoBurst(server.log.map(({ at }) => at));
          };
        },
        {
          initial: { access_token: 'a', refresh_token: 'first', expires_at: 1_000 },
          manager: ({ server }) => ({
            skewMs,
            refresh: (held, context) =>
              server.refresh(held.refresh_token === 'first' ? server.signIn() : held, context),
          }),
          server: { expiresIn: () => expires_in },
          untilMs: minutes(1),
          judge: { presentedAtMost: 1 },
        },
      )(),
    );

    it.each(lifetimes)(
      'a lifetime of %d ms, for ten of them: no more refreshes than half-lives',
      (lifetimeMs) =>
        scenario(
          ({ manager, server }) => {
            manager.token$.subscribe();
            return () => {
              expect(server.counters.requests).toBeLessThanOrEqual(2 * 10 + 1);
              expect(server.counters.requests).toBeGreaterThanOrEqual(9);
              expectNoBurst(server.log.map(({ at }) => at));
            };
          },
          { manager: { skewMs }, server: { accessTokenLifetimeMs: lifetimeMs }, untilMs: 10 * lifetimeMs },
        )(),
    );

    it.each(lifetimes)(
      'a provider that gives the same %d ms token again until 30 s before its end',
      (lifetimeMs) =>
        scenario(
          ({ manager, server }) => {
            server.faults.always({ sameAccessTokenUntilMs: seconds(30) });
            manager.token$.subscribe();
            return () => {
              expect(server.counters.requests).toBeLessThanOrEqual(10 * 12 + 1);
              expectNoBurst(server.log.map(({ at }) => at));
            };
          },
          { manager: { skewMs }, server: { accessTokenLifetimeMs: lifetimeMs }, untilMs: 10 * lifetimeMs },
        )(),
    );
  });
});

function expectNoBurst(times: readonly number[]): void {
  const gaps = times.slice(1).map((at, n) => at - times[n]!);
  expect(Math.min(Infinity, ...gaps)).toBeGreaterThanOrEqual(proactiveFloorMs);
}
