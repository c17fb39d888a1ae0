import { describe, expect, it } from '@jest/globals';
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  NEVER,
  of,
  Subject,
  take,
  throwError,
  type Observable,
} from 'rxjs';
import { singleFlight } from '../src/singleFlight.js';
import { marbles } from './helpers/marbles.js';

const down = new Error('down');

describe('singleFlight', () => {
  it(
    'gives everybody aboard the last value, and the end',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('    --a--b-|');
      const run = '            ^------!';
      const second = '         ---^----';
      const betweenNextAndEnd = '------^';
      const expected = '       -------(b|)';

      const shared$ = source.pipe(singleFlight());
      expectObservable(shared$).toBe(expected);
      expectObservable(shared$, second).toBe(expected);
      expectObservable(shared$, betweenNextAndEnd).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'starts anew for whoever comes after it has landed, with neither the old value nor the old error',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const answers = [cold('--a|'), cold('--#'), cold('--c|')];
      const runs = ['^--!', '    -----^-!', '  ---------^--!'];
      const starts = ['^', '     -----^', '    ---------^'];
      const results = ['---(a|)', '-------#', '------------(c|)'];

      let flights = 0;
      const shared$ = defer(() => answers[flights++]!).pipe(singleFlight());
      answers.forEach((answer, nth) => {
        expectObservable(shared$, starts[nth]!.trim()).toBe(results[nth]!);
        expectSubscriptions(answer.subscriptions).toBe(runs[nth]!.trim());
      });
    }),
  );

  it(
    'finishes a flight that everybody has left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  -----r|');
      const run = '          ^-----!';
      const leave = '        --!    ';
      const expected = '     -------';
      expectObservable(source.pipe(singleFlight()), leave).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'can be boarded again by who has left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  -----r|');
      const run = '          ^-----!';
      const first = '        --!    ';
      const again = '        ----^  ';
      const expected = '     ------(r|)';

      const shared$ = source.pipe(singleFlight());
      expectObservable(shared$, first).toBe('-');
      expectObservable(shared$, again).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'never lands when the source never ends',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  --a--');
      const run = '          ^----';
      const shared$ = source.pipe(singleFlight());
      expectObservable(shared$).toBe('-----');
      expectObservable(shared$, '---^').toBe('-----');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'completes without a value when the source is empty',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  ---|');
      const run = '          ^--!';
      expectObservable(source.pipe(singleFlight())).toBe('---|');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it(
    'errors for everybody aboard, and keeps the values that came before to itself',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  -a-#');
      const run = '          ^--!';
      const shared$ = source.pipe(singleFlight());
      expectObservable(shared$).toBe('---#');
      expectObservable(shared$, '--^').toBe('---#');
      expectSubscriptions(source.subscriptions).toBe(run);
    }),
  );

  it.each<[string, Observable<string>, string]>([
    ['a value', of('a', 'b'), '(b|)'],
    ['nothing', EMPTY, '|'],
    ['an error', throwError(() => down), '#'],
  ])('lands at once with %s of a synchronous source', (_what, source$, expected) =>
    marbles(({ expectObservable }) => {
      const shared$ = source$.pipe(singleFlight());
      expectObservable(shared$).toBe(expected, undefined, down);
      const twice = expected === '(b|)' ? '(bb|)' : expected;
      expectObservable(concat(shared$.pipe(catchError(() => EMPTY)), shared$)).toBe(twice, undefined, down);
    })(),
  );

  it(
    'has landed before anyone is told: who calls back from within boards a new flight',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const value = cold('   ---r|');
      const error = cold('   ---#');
      const empty = cold('   ---|');
      const values$ = value.pipe(singleFlight());
      const errors$ = error.pipe(singleFlight());
      const ends$ = empty.pipe(singleFlight());

      expectObservable(values$.pipe(concatMap(() => values$))).toBe('--------(r|)');
      expectObservable(values$, '------^').toBe('--------(r|)'); // which others board in turn
      expectSubscriptions(value.subscriptions).toBe(['^---!', '----^---!']);
      expectObservable(errors$.pipe(catchError(() => errors$))).toBe('------#');
      expectSubscriptions(error.subscriptions).toBe(['^--!', '---^--!']);
      expectObservable(concat(ends$, ends$)).toBe('------|');
      expectSubscriptions(empty.subscriptions).toBe(['^--!', '---^--!']);
    }),
  );

  it('is boarded once by a source that asks for itself', () => {
    const seen: unknown[] = [];
    let flights = 0;
    const source$ = new Subject<string>();
    const shared$: Observable<string> = defer(() => {
      if (++flights === 1) board('inner');
      return source$;
    }).pipe(singleFlight());

    const board = (name: string) => void shared$.subscribe((value) => seen.push([name, value]));
    board('outer');
    source$.next('r');
    source$.complete();

    expect(flights).toBe(1);
    expect(seen).toHaveLength(2);
  });

  it('tells nobody who was thrown out by another’s callback', () => {
    const source$ = new Subject<string>();
    const shared$ = source$.pipe(singleFlight());
    const seen: string[] = [];
    shared$.subscribe(() => (seen.push('first'), second.unsubscribe()));
    const second = shared$.subscribe(() => seen.push('second'));
    shared$.subscribe(() => seen.push('third'));

    source$.next('r');
    source$.complete();

    expect(seen).toEqual(['first', 'third']);
  });

  it('lets one who takes a single value go', () => {
    const ended: string[] = [];
    of('r')
      .pipe(singleFlight(), take(1))
      .subscribe({ complete: () => ended.push('end') });
    expect(ended).toEqual(['end']);
  });

  it('is of its own for each pipe', () => {
    let flights = 0;
    const source$ = defer(() => (flights++, NEVER));
    source$.pipe(singleFlight()).subscribe();
    source$.pipe(singleFlight()).subscribe();
    expect(flights).toBe(2);
  });
});
