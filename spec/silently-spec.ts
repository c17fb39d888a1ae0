import { describe, expect, it } from '@jest/globals';
import { of, throwError } from 'rxjs';
import { silently } from '../src/silently.js';
import { marbles } from './helpers/marbles.js';

describe('silently', () => {
  it.each([
    ['completes', '  -a-b|', '----|', '^---!'],
    ['fails', '      -a-#', ' ---|', ' ^--!'],
    ['is empty', '   ---|', ' ---|', ' ^--!'],
    ['never ends', ' -a---', '-----', '^----'],
  ])('says nothing of work that %s, but when it is over', (_what, work, expected, run) =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(work.trim());
      expectObservable(silently(source)).toBe(expected.trim());
      expectSubscriptions(source.subscriptions).toBe(run.trim());
    })(),
  );

  it(
    'leaves the work when it is left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a---b|');
      expectObservable(silently(source), '---!').toBe('');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    }),
  );

  it('is cold, and synchronous where the work is', () => {
    const seen: string[] = [];
    for (const work$ of [of('a'), throwError(() => new Error('down'))]) {
      silently(work$).subscribe({ next: () => seen.push('value'), complete: () => seen.push('end') });
    }
    expect(seen).toEqual(['end', 'end']);
  });
});
