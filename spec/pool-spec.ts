import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { createPool, type Place, type PoolConfig } from '../src/pool.js';

const IDLE_MS = 10_000;

/** A pool of texts, and a diary of what was made and ended when. */
function poolOf(config: Partial<PoolConfig<string>> = {}) {
  const scheduler = new VirtualTimeScheduler();
  const diary: string[] = [];
  const note = (what: string) => void diary.push(`${scheduler.now()} ${what}`);
  const pool = createPool<string>({
    make: (key) => (note(`+${key}`), key),
    end: (value) => note(`-${value}`),
    isWanted: () => false,
    idleMs: IDLE_MS,
    maxActive: Infinity,
    scheduler,
    ...config,
  });
  const at = (ms: number, work: () => unknown) => void scheduler.schedule(() => void work(), ms);
  const useAt = (from: number, to: number, key: string) => {
    let place: Place<string>;
    at(from, () => (place = pool.enter(key)));
    at(to, () => pool.leave(place));
  };
  const timers = () => scheduler.actions.filter(({ closed }) => !closed).length;
  const flush = (untilMs = Infinity) => {
    scheduler.maxFrames = untilMs;
    scheduler.flush();
    return diary;
  };
  return { pool, scheduler, diary, at, useAt, timers, flush };
}

describe('createPool', () => {
  it('makes one for each key, when it is wanted first', () => {
    const { pool, diary } = poolOf();
    expect(pool.find('a')).toBeUndefined();
    const [one, again, other] = [pool.enter('a'), pool.enter('a'), pool.enter('b')];
    expect([one.value, again, other.value, pool.find('a')]).toEqual(['a', one, 'b', 'a']);
    expect([diary, pool.size]).toEqual([['0 +a', '0 +b'], 2]);
  });

  it('ends it when nobody has used it for idleMs, and makes another afterwards', () => {
    const { useAt, flush, pool } = poolOf();
    useAt(0, 5, 'a');
    useAt(20_000, 20_000, 'a');
    expect(flush()).toEqual(['0 +a', '10005 -a', '20000 +a', '30000 -a']);
    expect(pool.size).toBe(0);
  });

  it('does not end what is in use, for as long as anybody uses it', () => {
    const { useAt, flush } = poolOf();
    useAt(0, 50_000, 'a');
    useAt(10, 20, 'a');
    useAt(49_000, 70_000, 'a');
    expect(flush()).toEqual(['0 +a', '80000 -a']);
  });

  it('begins to count anew with each use, however short', () => {
    const { useAt, flush } = poolOf();
    for (const ms of [0, 9_999, 19_998]) useAt(ms, ms, 'a');
    expect(flush()).toEqual(['0 +a', '29998 -a']);
  });

  it('ends each in its time, with one timer for all', () => {
    const { useAt, flush, at, timers } = poolOf();
    const busy: number[] = [];
    for (const [nth, key] of ['a', 'b', 'c'].entries()) useAt(nth * 3_000, nth * 3_000 + 1, key);
    for (const ms of [7_000, 11_000, 14_000]) at(ms, () => busy.push(timers()));
    at(99_000, () => busy.push(timers()));
    expect(flush()).toEqual(['0 +a', '3000 +b', '6000 +c', '10001 -a', '13001 -b', '16001 -c']);
    expect(busy).toEqual([3 + 1, 2 + 1, 1 + 1, 0]); // beside what the spec itself has planned
  });

  it('has no timer before the first is idle, nor after the last has ended', () => {
    const { pool, timers, flush, at } = poolOf();
    const place = pool.enter('a');
    expect(timers()).toBe(0);
    pool.leave(place);
    expect(timers()).toBe(1);
    at(IDLE_MS, () => expect(pool.size).toBe(0));
    flush();
    expect(timers()).toBe(0);
  });

  it('counts as a use what the thing is busy with by itself', () => {
    let begin!: () => () => void;
    const { pool, at, flush } = poolOf({
      make: (key, use) => ((begin = use), key),
    });
    let finish!: () => void;
    at(0, () => {
      const place = pool.enter('a');
      finish = begin();
      pool.leave(place);
    });
    at(30_000, () => finish());
    expect(flush()).toEqual(['40000 -a']);
  });

  it('does not end for being idle what is wanted', () => {
    let isWanted = true;
    const { useAt, at, flush } = poolOf({ isWanted: (value) => value === 'a' && isWanted });
    useAt(0, 0, 'a');
    useAt(1, 1, 'b');
    at(35_000, () => (isWanted = false));
    expect(flush()).toEqual(['0 +a', '1 +b', '10001 -b', '40000 -a']);
  });

  it('keeps them for ever, and without a timer, with an idleMs of Infinity', () => {
    const { useAt, flush, pool, timers } = poolOf({ idleMs: Infinity });
    useAt(0, 0, 'a');
    expect(flush()).toEqual(['0 +a']);
    expect([pool.size, timers()]).toEqual([1, 0]);
  });

  it('makes room: of more than maxActive the one that was idle longest goes', () => {
    const { useAt, flush } = poolOf({ maxActive: 2, idleMs: Infinity });
    useAt(0, 1, 'a');
    useAt(2, 3, 'b');
    useAt(4, 5, 'a'); // so that b is the older one
    useAt(6, 7, 'c');
    useAt(8, 9, 'd');
    expect(flush()).toEqual(['0 +a', '2 +b', '6 +c', '6 -b', '8 +d', '8 -a']);
  });

  it('has more than maxActive while all are in use, and makes room when one is left', () => {
    const { useAt, at, flush, pool } = poolOf({ maxActive: 2, idleMs: Infinity });
    for (const [nth, key] of ['a', 'b', 'c', 'd'].entries()) useAt(nth, 100 - nth, key);
    at(50, () => expect(pool.size).toBe(4));
    expect(flush()).toEqual(['0 +a', '1 +b', '2 +c', '3 +d', '97 -d', '98 -c']);
  });

  it('ends what is dropped, whoever uses it, once', () => {
    const { pool, at, useAt, flush } = poolOf();
    useAt(0, 5, 'a');
    useAt(1, 9, 'a');
    at(3, () => pool.drop('a'));
    at(4, () => pool.drop('a'));
    at(4, () => pool.drop('unknown'));
    useAt(6, 7, 'a'); // another, which those who had the first do not end
    expect(flush()).toEqual(['0 +a', '3 -a', '6 +a', '10007 -a']);
  });

  it('ends all of them, and the timer, when it is drained', () => {
    const { pool, useAt, at, timers, flush } = poolOf();
    useAt(0, 1, 'a');
    useAt(0, 9_000, 'b');
    at(5, () => (pool.drain(), expect(timers()).toBe(1)));
    expect(flush()).toEqual(['0 +a', '0 +b', '5 -a', '5 -b']);
    expect(pool.size).toBe(0);
  });

  it('has nothing of what could not be made', () => {
    let isBroken = true;
    const { pool } = poolOf({
      make: (key) => {
        if (isBroken) throw new Error('broken');
        return key;
      },
    });
    expect(() => pool.enter('a')).toThrow('broken');
    expect(pool.size).toBe(0);
    isBroken = false;
    expect(pool.enter('a').value).toBe('a');
  });

  it('bears that ending one makes another, or ends another', () => {
    const { pool, diary } = poolOf({
      maxActive: 1,
      end: (value) => {
        diary.push(`-${value}`);
        if (value === 'a') pool.leave(pool.enter('c'));
        if (value === 'c') pool.drop('b');
      },
    });
    pool.leave(pool.enter('a'));
    pool.leave(pool.enter('b'));
    expect(diary.map((line) => line.replace(/^\d+ /, ''))).toEqual(['+a', '+b', '-a', '+c', '-c', '-b']);
    expect(pool.size).toBe(0);
  });
});

describe('whatever the order of uses', () => {
  const uses = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      from: fc.integer({ min: 0, max: 60_000 }),
      forMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 25_000 })),
    }),
    { maxLength: 25, size: 'max' },
  );

  it('nothing ends while it is used, each ends once, none is left, and the bound is kept where it can be', () => {
    fc.assert(
      fc.property(uses, fc.integer({ min: 1, max: 4 }), (plan, maxActive) => {
        const inUse = new Map<string, number>();
        const count = (key: string, by: number) => inUse.set(key, (inUse.get(key) ?? 0) + by);
        const alive = new Set<string>();
        const complaints: string[] = [];
        const { pool, at, flush, timers } = poolOf({
          maxActive,
          make: (key) => {
            if (alive.has(key)) complaints.push(`${key} twice`);
            alive.add(key);
            return key;
          },
          end: (value) => {
            if (!alive.delete(value)) complaints.push(`${value} ended twice`);
            if (inUse.get(value)) complaints.push(`${value} ended while used`);
          },
        });
        for (const { key, from, forMs } of plan) {
          at(from, () => {
            const place = pool.enter(key);
            count(key, 1);
            at(forMs, () => {
              count(key, -1);
              pool.leave(place);
              const used = [...inUse.values()].filter((users) => users > 0).length;
              if (pool.size > Math.max(maxActive, used)) complaints.push(`${pool.size} at once`);
            });
          });
        }
        flush();
        expect(complaints).toEqual([]);
        expect([pool.size, alive.size, timers()]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
