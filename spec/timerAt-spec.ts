import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, concatMap, map, take, type Observable, type SchedulerLike } from 'rxjs';
import { timerAt } from '../src/timerAt.js';
import { marbles } from './helpers/marbles.js';
import { unevenClock } from './helpers/unevenClock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** It emits something: what it is does not matter. */
const at = (dueAt: number, scheduler: SchedulerLike): Observable<string> =>
  timerAt(dueAt, scheduler).pipe(map(() => 'x'));

describe('timerAt', () => {
  it(
    'emits once when the clock has reached the instant, and completes',
    marbles(({ scheduler, expectObservable }) => {
      expectObservable(at(5, scheduler)).toBe('-----(x|)');
      expectObservable(at(5, scheduler), '--^').toBe('-----(x|)');
    }),
  );

  it(
    'emits at the next tick when it has been reached before',
    marbles(({ scheduler, expectObservable }) => {
      expectObservable(at(0, scheduler)).toBe('(x|)');
      expectObservable(at(3, scheduler), '-----^').toBe('-----(x|)');
      expectObservable(at(-Infinity, scheduler)).toBe('(x|)');
    }),
  );

  it('never emits synchronously', () => {
    const seen: unknown[] = [];
    const timer = timerAt(0, asyncScheduler).subscribe((value) => seen.push(value));
    expect(seen).toEqual([]);
    timer.unsubscribe();
  });

  it(
    'is cold: each subscriber waits for himself',
    marbles(({ scheduler, expectObservable }) => {
      const timer$ = at(4, scheduler);
      expectObservable(timer$).toBe('----(x|)');
      expectObservable(timer$, '------^').toBe('------(x|)');
      expectObservable(timer$.pipe(concatMap(() => timer$))).toBe('----(x|)');
    }),
  );

  it.each([
    ['a minute', MINUTE],
    ['an hour and a bit', HOUR + 1],
    ['25 days, which is more than a timer can', 25 * 24 * HOUR],
  ])('naps for at most a minute on the way to %s, and arrives to the millisecond', (_what, dueAt) =>
    marbles(({ scheduler, expectObservable }) => {
      const clock = unevenClock(scheduler);
      expectObservable(at(dueAt, clock)).toBe(`${dueAt}ms (x|)`);
      scheduler.flush();

      expect(Math.max(...clock.asked)).toBeLessThanOrEqual(MINUTE);
      expect(clock.asked.length).toBe(Math.ceil(dueAt / MINUTE));
      expect(clock.asked.reduce((sum, nap) => sum + nap)).toBe(dueAt);
    })(),
  );

  it(
    'has no nap left when it is left',
    marbles(({ scheduler, expectObservable }) => {
      const clock = unevenClock(scheduler);
      expectObservable(at(HOUR, clock), `^ ${2.5 * MINUTE}ms !`).toBe('');
      scheduler.flush();

      expect(clock.asked).toEqual([MINUTE, MINUTE, MINUTE]);
      expect(scheduler.actions).toEqual([]);
    }),
  );

  it(
    'is there within a nap when the clock has been put forward',
    marbles(({ scheduler, expectObservable }) => {
      const clock = unevenClock(scheduler);
      scheduler.schedule(() => clock.step(8 * HOUR), 10 * MINUTE + 1);
      expectObservable(at(HOUR, clock)).toBe('11m (x|)');
    }),
  );

  it(
    'naps the rest when the clock has been put forward to just before the instant',
    marbles(({ scheduler, expectObservable }) => {
      const clock = unevenClock(scheduler);
      scheduler.schedule(() => clock.step(48 * MINUTE + 30_000), 10 * MINUTE + 1);
      expectObservable(at(HOUR, clock)).toBe('11m 30s (x|)');
    }),
  );

  it(
    'goes on napping when the clock has been put back: being woken is not being due',
    marbles(({ scheduler, expectObservable }) => {
      const clock = unevenClock(scheduler);
      scheduler.schedule(() => clock.step(-2 * HOUR), HOUR - 1);
      expectObservable(at(HOUR, clock)).toBe('180m (x|)');
    }),
  );

  it(
    'does not run ahead of a clock that stands still',
    marbles(({ scheduler, expectObservable }) => {
      const clock: SchedulerLike = { now: () => 0, schedule: scheduler.schedule.bind(scheduler) };
      expectObservable(at(1, clock).pipe(take(1)), '^ 1s !').toBe('');
    }),
  );
});
