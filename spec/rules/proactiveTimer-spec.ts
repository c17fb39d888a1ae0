import { describe, expect, it } from '@jest/globals';
import type { Observable } from 'rxjs';
import { diaryOf } from '../helpers/diary.js';
import { hours, inVirtualTime, minutes } from '../helpers/inVirtualTime.js';

describe('rule 2: the proactive timer fires at exactly expires_at − skew, less refreshAheadMs, less a random part of jitterMs', () => {
  it.each([
    [{}, 3_540_000],
    [{ skewMs: 1 }, 3_599_999],
    [{ skewMs: minutes(5) }, 3_300_000],
    [{ refreshAheadMs: minutes(10) }, 2_940_000],
    [{ jitterMs: 60_000, random: () => 0 }, 3_540_000],
    [{ jitterMs: 60_000, random: () => 0.25 }, 3_525_000],
    [{ skewMs: 30_000, refreshAheadMs: 20_000, jitterMs: 10_000, random: () => 0.5 }, 3_545_000],
  ])('with %p it fires %d ms into the hour', (options, dueMs) =>
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(server.log.map(({ at }) => at)).toEqual([dueMs]);
          expect(tokens).toEqual([
            [0, 'A1'],
            [dueMs, 'A2'],
          ]);
        };
      },
      { manager: options, untilMs: hours(1) },
    )(),
  );

  it(
    'draws the random part once for each token, not once for each look at the clock',
    inVirtualTime(
      ({ manager, server }) => {
        manager.token$.subscribe();
        manager.credentials$.subscribe();
        return () => expect(server.log.map(({ at }) => at)).toEqual([3_534_000, 7_062_000]);
      },
      {
        manager: { jitterMs: 60_000, random: sequence(0.1, 0.2, 0.3) },
        untilMs: hours(2),
      },
    ),
  );

  it(
    'runs while token$ has a subscriber, and only then',
    inVirtualTime(
      ({ manager, server, at }) => {
        for (const other$ of [manager.credentials$, manager.state$, manager.events$] as Observable<unknown>[])
          other$.subscribe();
        const subscriptions = [manager.token$.subscribe(), manager.token$.subscribe()];
        at(hours(3), () => subscriptions[0]!.unsubscribe());
        at(hours(5), () => subscriptions[1]!.unsubscribe());
        return () => expect(server.counters.requests).toBe(5);
      },
      { untilMs: hours(24) },
    ),
  );

  it(
    'starts at once for a subscriber that finds the token expired',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        expectObservable(manager.token$, '100m ^ 1s !').toBe('100m -----b', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(1);
      },
      { server: { latencyMs: 5 }, untilMs: hours(2) },
    ),
  );

  it(
    'follows a token that was set, or that a caller has fetched, and forgets its old due time',
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(30), () => void manager.renew('A1'));
        at(minutes(40), () => void manager.set(server.signIn()));
        return () =>
          expect(tokens).toEqual([
            [0, 'A1'],
            [minutes(30), 'A2'],
            [minutes(40), 'A3'],
            [minutes(99), 'A4'],
          ]);
      },
      { untilMs: minutes(100) },
    ),
  );
});

function sequence(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}
