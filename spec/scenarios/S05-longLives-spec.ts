import { describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { days, hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, scenario } from '../helpers/scenario.js';
import { unevenClock } from '../helpers/unevenClock.js';

describe('S5: an expiry beyond 24.8 days', () => {
  it.each([
    ['40 days', 40 * 86_400],
    ['10 years', 3650 * 86_400],
    ['1e12 s', 1e12],
  ])('%s, on real timers: no delay beyond the cap, no refresh', async (_what, expires_in) => {
    const armed = jest.spyOn(globalThis, 'setTimeout');
    let asked = 0;
    const tokens = createTokenManager({ refresh: () => (asked++, new Promise(() => undefined)) });
    await tokens.set({ access_token: A(1), refresh_token: 'r', expires_in });
    tokens.token$.subscribe();
    await wait(30); // a timer that overflowed would have fired after 1 ms
    const delays = armed.mock.calls.map(([, delay]) => delay ?? 0);
    tokens.dispose();
    armed.mockRestore();

    expect(asked).toBe(0);
    expect(delays.length).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
  });

  it.each([
    ['40 days', days(40)],
    ['100 days', days(100)],
  ])('%s: one refresh, at the deadline less the skew, with time advancing in chunks', (_what, lifetimeMs) =>
    scenario(
      ({ server, store, scheduler, at }) => {
        const clock = unevenClock(scheduler);
        const tokens = createTokenManager({ store, refresh: server.refresh, scheduler: clock });
        tokens.token$.subscribe();
        at(seconds(59), () => expect(server.counters.requests).toBe(0));
        for (let day = 1; day < lifetimeMs / days(1); day++)
          at(day * minutes(5), () => clock.step(days(1) - minutes(5)));
        return () => {
          expect(server.counters.requests).toBe(1);
          expect(Math.max(...clock.asked)).toBeLessThanOrEqual(60_000);
          tokens.dispose();
        };
      },
      {
        server: { accessTokenLifetimeMs: lifetimeMs },
        untilMs: hours(30) + (lifetimeMs / days(1)) * minutes(5),
      },
    )(),
  );
});
