import { describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { createTokenManager, memoryStore, type TokenManager } from 'rx-token';
import type { VirtualTime } from 'rx-token/testing';
import { diaryOf } from '../helpers/diary.js';
import { days, hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { unevenClock } from '../helpers/unevenClock.js';

/** A manager on a clock that can be stepped, while its timers run evenly. */
function withUnevenClock({ scheduler, server, store }: VirtualTime) {
  const clock = unevenClock(scheduler);
  const tokens = createTokenManager({ refresh: server.refresh, store, scheduler: clock });
  return { clock, tokens };
}

describe('rule 5: timers nap for at most 60 s, and decide by the clock, not by having fired', () => {
  it.each([
    ['an hour', hours(1)],
    ['40 days', days(40)],
    ['10 years', days(3650)],
    ['1e12 seconds', 1e15],
  ])('never ask for more than 60 s when the token lives %s', (_what, accessTokenLifetimeMs) =>
    inVirtualTime(
      (time) => {
        const { clock, tokens } = withUnevenClock(time);
        tokens.token$.subscribe();
        return () => {
          expect(clock.asked.length).toBeGreaterThan(60);
          expect(Math.max(...clock.asked)).toBeLessThanOrEqual(minutes(1));
          tokens.dispose();
        };
      },
      { server: { accessTokenLifetimeMs }, untilMs: days(1) },
    )(),
  );

  it.each([
    ['a failure', { status: 503 }],
    ['a Retry-After of an hour', { status: 429, headers: { 'retry-after': '3600' } }],
    ['a wrong client', { status: 401, body: { error: 'invalid_client' } }],
    ['a lost answer', { commitThenDropReply: 'reset' as const }],
    ['no answer', { dropBeforeCommit: 'hang' as const }],
  ])('never ask for more than 60 s after %s', (_what, fault) =>
    inVirtualTime(
      (time) => {
        time.server.faults.always(fault);
        const { clock, tokens } = withUnevenClock(time);
        tokens.token$.subscribe();
        return () => {
          expect(Math.max(...clock.asked)).toBeLessThanOrEqual(minutes(1));
          tokens.dispose();
        };
      },
      { untilMs: hours(3) },
    )(),
  );

  it(
    'refresh a 40-day token once, at its deadline less the skew',
    inVirtualTime(
      (time) => {
        const { tokens } = withUnevenClock(time);
        tokens.token$.subscribe();
        return () => {
          expect(time.server.log.map(({ at }) => at)).toEqual([days(40) - minutes(1)]);
          tokens.dispose();
        };
      },
      { server: { accessTokenLifetimeMs: days(40) }, untilMs: days(40) },
    ),
  );

  it(
    'a laptop that slept past the deadline refreshes once, within one nap of its waking',
    inVirtualTime(
      (time) => {
        const { clock, tokens } = withUnevenClock(time);
        const heard = diaryOf(tokens.token$, time.scheduler);
        time.at(minutes(10), () => clock.step(hours(8)));
        return () => {
          expect(heard).toEqual([
            [0, 'A1'],
            [expect.any(Number), 'A2'],
          ]);
          expect(heard[1]![0]).toBeGreaterThanOrEqual(minutes(10));
          expect(heard[1]![0]).toBeLessThanOrEqual(minutes(11));
          tokens.dispose();
        };
      },
      { untilMs: hours(1) },
    ),
  );

  it(
    'a hint of the store has the timer look at the clock at once, since it may say that the machine woke up',
    inVirtualTime(
      ({ scheduler, server, store, at }) => {
        const clock = unevenClock(scheduler);
        const wake$ = new Subject<void>();
        const waking = { ...store, changes$: wake$ };
        const tokens = createTokenManager({ refresh: server.refresh, store: waking, scheduler: clock });
        const heard = diaryOf(tokens.token$, scheduler);
        at(minutes(10) + 1, () => clock.step(hours(8)));
        at(minutes(10) + 2, () => wake$.next());
        return () => {
          expect(heard).toEqual([
            [0, 'A1'],
            [minutes(10) + 2, 'A2'],
          ]);
          tokens.dispose();
        };
      },
      { untilMs: hours(1) },
    ),
  );

  it(
    'a laptop that slept until just before the deadline still meets it',
    inVirtualTime(
      (time) => {
        const { clock, tokens } = withUnevenClock(time);
        tokens.token$.subscribe();
        time.at(minutes(10) + 1, () => clock.step(minutes(48)));
        return () => {
          expect(time.server.log.map(({ at }) => at)).toEqual([minutes(11)]);
          tokens.dispose();
        };
      },
      { untilMs: minutes(30) },
    ),
  );

  it(
    'a clock stepped back serves the token at most the step longer, and refreshes once',
    inVirtualTime(
      (time) => {
        const { clock, tokens } = withUnevenClock(time);
        tokens.token$.subscribe();
        time.at(minutes(10), () => clock.step(-hours(2)));
        return () => {
          const [first, second] = time.server.log.map(({ at }) => at);
          expect(first).toBeGreaterThanOrEqual(minutes(59 + 120));
          expect(first).toBeLessThanOrEqual(minutes(59 + 121));
          expect(second! - first!).toBeLessThanOrEqual(minutes(61));
          tokens.dispose();
        };
      },
      { untilMs: hours(5) },
    ),
  );

  it.each([hours(2), -hours(2)])(
    'a clock stepped by %d ms during the exchange costs one refresh at most',
    (step) =>
      inVirtualTime(
        (time) => {
          const { clock, tokens } = withUnevenClock(time);
          tokens.token$.subscribe();
          time.at(minutes(59) + 500, () => clock.step(step));
          return () => {
            expect(time.server.counters.requests).toBeLessThanOrEqual(2);
            tokens.dispose();
          };
        },
        { server: { latencyMs: seconds(1) }, untilMs: hours(1.5) },
      )(),
  );

  it('a 40-day token on real timers: no overflow, no refresh', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    let asked = 0;
    const tokens: TokenManager = createTokenManager({
      store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: Date.now() + days(40) }),
      refresh: () => (asked++, new Promise(() => undefined)),
    });
    const heard = diaryOf(tokens.token$, Date);
    await wait(50); // a timer that overflowed would fire after 1 ms
    tokens.dispose();
    process.off('warning', warn);

    expect(heard.map(([, token]) => token)).toEqual(['A1']);
    expect(asked).toBe(0);
    expect(warnings.filter(({ name }) => name === 'TimeoutOverflowWarning')).toEqual([]);
  });
});
