import { describe, expect, it } from '@jest/globals';
import { concat, EMPTY, NEVER, of, take, throwError, type Observable } from 'rxjs';
import { createMutex } from '../src/mutex.js';
import { marbles } from './helpers/marbles.js';

describe('createMutex', () => {
  it(
    'lets one in at a time, first come, first served',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const first = cold(' --a|');
      const second = cold('   --b|');
      const third = cold('       --c|');
      const turns = ['     ^--!', '---^--!', '------^--!'];

      expectObservable(inTurn(() => first)).toBe('        --a|');
      expectObservable(
        inTurn(() => third),
        '--^',
      ).toBe('  --------c|');
      expectObservable(
        inTurn(() => second),
        '-^',
      ).toBe('  -----b|');
      [first, second, third].forEach((turn, nth) => {
        expectSubscriptions(turn.subscriptions).toBe(turns[nth]!.trim());
      });
    }),
  );

  it(
    'starts a turn when it is subscribed to, once for each subscriber',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const critical = cold('-a|');
      const turn$ = inTurn(() => critical);
      expectObservable(turn$, '  --^').toBe('   ---a|');
      expectObservable(turn$, '  ------^').toBe('-------a|');
      expectSubscriptions(critical.subscriptions).toBe(['--^-!', '------^-!']);
    }),
  );

  it(
    'is free after an error, which goes to who caused it',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const next = cold('    -b|');
      expectObservable(inTurn(() => cold('--#'))).toBe('--#');
      expectObservable(inTurn(() => next)).toBe('---b|');
      expectSubscriptions(next.subscriptions).toBe('--^-!');
    }),
  );

  it(
    'is free when whoever is inside leaves',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const inside = cold('  -a------|');
      const next = cold('      -b|');
      expectObservable(
        inTurn(() => inside),
        '---!',
      ).toBe('-a-');
      expectObservable(inTurn(() => next)).toBe('----b|');
      expectSubscriptions(inside.subscriptions).toBe('^--!');
      expectSubscriptions(next.subscriptions).toBe('---^-!');
    }),
  );

  it(
    'is not free when whoever waits gives up: the third does not get in',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const second = cold('       -b|');
      const third = cold('        -c|');
      expectObservable(inTurn(() => cold('-----a|'))).toBe('-----a|');
      expectObservable(
        inTurn(() => second),
        '--!',
      ).toBe('');
      expectObservable(inTurn(() => third)).toBe('-------c|');
      expectSubscriptions(second.subscriptions).toBe([]);
      expectSubscriptions(third.subscriptions).toBe('------^-!');
    }),
  );

  it(
    'keeps all others out while somebody never leaves',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const inTurn = createMutex();
      const second = cold('-b|');
      expectObservable(inTurn(() => NEVER)).toBe('');
      expectObservable(inTurn(() => second)).toBe('');
      expectSubscriptions(second.subscriptions).toBe([]);
    }),
  );

  const seenOf = (work$: Observable<unknown>): unknown[] => {
    const seen: unknown[] = [];
    work$.subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => seen.push(error),
      complete: () => seen.push('end'),
    });
    return seen;
  };

  it('starts at once when it is free, and is free again before the end is passed on', () => {
    const inTurn = createMutex();
    expect(
      seenOf(
        concat(
          inTurn(() => of(1)),
          inTurn(() => EMPTY),
          inTurn(() => of(2)),
        ),
      ),
    ).toEqual([1, 2, 'end']);
    expect(seenOf(inTurn(() => of(3, 4)).pipe(take(1)))).toEqual([3, 'end']);
    expect(seenOf(inTurn(() => of(5)))).toEqual([5, 'end']);
  });

  it('is free again after what fails at once', () => {
    const inTurn = createMutex();
    const failed = new Error('failed');
    const broken = (): never => {
      throw 'broken' as unknown;
    };
    expect(seenOf(inTurn(broken))).toEqual(['broken']);
    expect(seenOf(inTurn(() => throwError(() => failed)))).toEqual([failed]);
    expect(seenOf(inTurn(() => of(1)))).toEqual([1, 'end']);
  });

  it('has who asks from within wait until it is left', () => {
    const inTurn = createMutex();
    const seen: string[] = [];
    inTurn(() => {
      seen.push('in');
      inTurn(() => (seen.push('in again'), EMPTY)).subscribe();
      seen.push('out');
      return EMPTY;
    }).subscribe({ complete: () => seen.push('end') });
    expect(seen).toEqual(['in', 'out', 'in again', 'end']);
  });

  it('serves in order those whom an end has set going', () => {
    const inTurn = createMutex();
    const seen: string[] = [];
    const take = (name: string) => void inTurn(() => (seen.push(name), EMPTY)).subscribe();
    inTurn(() => {
      take('waiting');
      return EMPTY;
    }).subscribe({ complete: () => take('late') });
    expect(seen).toEqual(['waiting', 'late']);
  });

  it('does not mind ten thousand who wait', () => {
    const inTurn = createMutex();
    let turns = 0;
    const inside = inTurn(() => NEVER).subscribe();
    for (let n = 0; n < 10_000; n++) inTurn(() => of(++turns)).subscribe();
    expect(turns).toBe(0);
    inside.unsubscribe();
    expect(turns).toBe(10_000);
  });

  it('is one of many', () => {
    createMutex()(() => NEVER).subscribe();
    expect(seenOf(createMutex()(() => of(1)))).toEqual([1, 'end']);
  });
});
