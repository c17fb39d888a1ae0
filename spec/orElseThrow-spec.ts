import { describe, expect, it } from '@jest/globals';
import { of, throwError } from 'rxjs';
import { orElseThrow } from '../src/orElseThrow.js';
import { marbles } from './helpers/marbles.js';

describe('orElseThrow', () => {
  const worded = orElseThrow<string>((error) => `${String(error)}, worded`);

  it(
    'errors with what is made of the error',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  -a-b-#', undefined, 'down');
      expectObservable(source.pipe(worded)).toBe('-a-b-#', undefined, 'down, worded');
      expectSubscriptions(source.subscriptions).toBe('^----!');
    }),
  );

  it.each([
    ['never ends', '  -a-b--', '^------'],
    ['is empty', '    ---|', '  ^--!'],
    ['completes', '   -a-(b|)', '^--!'],
  ])('passes on a source that %s', (_what, marble, run) =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(marble);
      expectObservable(source.pipe(worded)).toBe(marble);
      expectSubscriptions(source.subscriptions).toBe(run.trim());
    })(),
  );

  it(
    'leaves the source when it is left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  -a-b-#');
      expectObservable(source.pipe(worded), '--!').toBe('-a-');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    }),
  );

  it('is synchronous where the source is', () => {
    const seen: unknown[] = [];
    of('a')
      .pipe(worded)
      .subscribe((value) => seen.push(value));
    throwError(() => new Error('down'))
      .pipe(worded)
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual(['a', 'Error: down, worded']);
  });
});
