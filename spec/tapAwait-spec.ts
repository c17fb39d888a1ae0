import { describe, expect, it } from '@jest/globals';
import { EMPTY, from, lastValueFrom, NEVER, of, Subject, throwError, toArray } from 'rxjs';
import { tapAwait } from '../src/tapAwait.js';
import { marbles } from './helpers/marbles.js';

describe('tapAwait', () => {
  it(
    'passes each value on, unchanged and in order, when its effect has completed',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('     -a-b----c--|');
      const run = '            ^----------!';
      const effect = cold('     --xy--|    ');
      const effects = ['       -^-----!', '-------^-----!', '-------------^-----!'];
      const expected = '       -------a-----b-----(c|)';

      expectObservable(source.pipe(tapAwait(() => effect))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(run);
      expectSubscriptions(effect.subscriptions).toBe(effects.map((marble) => marble.trim()));
    }),
  );

  it(
    'runs the effect with the value',
    marbles(({ cold, expectObservable }) => {
      const effects: Record<string, string> = { a: '--|', b: '-|' };
      const source = cold('    a---b---|');
      expectObservable(source.pipe(tapAwait((value) => cold(effects[value]!)))).toBe('--a--b--|');
    }),
  );

  it(
    'waits for ever for an effect that never completes',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    -a-b-|');
      const run = '            ^----!';
      expectObservable(source.pipe(tapAwait(() => NEVER))).toBe('------');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'completes with an empty source, and waits with one that never ends',
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('---|').pipe(tapAwait(() => cold('-|')))).toBe('---|');
      expectObservable(cold('---').pipe(tapAwait(() => cold('-|')))).toBe('---');
    }),
  );

  it(
    'errors with its effect, and leaves the source',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    -a-b-|');
      const run = '            ^--!  ';
      expectObservable(source.pipe(tapAwait(() => cold('--#')))).toBe('---#');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'errors when there is no effect to be had',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    -a-b-|');
      const run = '            ^!    ';
      const broken = (): never => {
        throw 'error' as unknown;
      };
      expectObservable(source.pipe(tapAwait(broken))).toBe('-#');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'errors with its source, and leaves the effect',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    -a--#');
      const effect = cold('     ------|');
      const effects = '        -^--!';
      expectObservable(source.pipe(tapAwait(() => effect))).toBe('----#');
      expectSubscriptions(effect.subscriptions).toBe(effects);
    }),
  );

  it(
    'leaves source and effect when it is left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    -a----b--|');
      const effect = cold('     ------|');
      const leave = '          ---!';
      expectObservable(source.pipe(tapAwait(() => effect)), leave).toBe('----');
      expectSubscriptions(source.subscriptions).toBe('^--!');
      expectSubscriptions(effect.subscriptions).toBe('-^-!');
    }),
  );

  it('is synchronous when all else is', () => {
    const seen: unknown[] = [];
    of(1, 2)
      .pipe(tapAwait((value) => (seen.push(`effect of ${value}`), EMPTY)))
      .subscribe((value) => seen.push(value));
    expect(seen).toEqual(['effect of 1', 1, 'effect of 2', 2]);
  });

  it('waits for promises, and fails with them', async () => {
    const effects: Promise<unknown>[] = [Promise.resolve('ignored'), Promise.resolve()];
    expect(
      await lastValueFrom(
        from([0, 1]).pipe(
          tapAwait((nth) => effects[nth]!),
          toArray(),
        ),
      ),
    ).toEqual([0, 1]);

    const failed$ = of(1).pipe(tapAwait(() => Promise.reject(new Error('Full'))));
    await expect(lastValueFrom(failed$)).rejects.toThrow('Full');
  });

  it('takes its turn when an effect causes the next value', () => {
    const source$ = new Subject<number>();
    const seen: unknown[] = [];
    source$
      .pipe(
        tapAwait((value) => {
          if (value < 3) source$.next(value + 1);
          return EMPTY;
        }),
      )
      .subscribe((value) => seen.push(value));
    source$.next(1);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('does nothing for a source that fails at once', () => {
    const down = new Error('down');
    const seen: unknown[] = [];
    throwError(() => down)
      .pipe(tapAwait(() => of(seen.push('effect'))))
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([down]);
  });
});
