import { describe, it } from '@jest/globals';
import { hold } from '../../demo/terminal/hold.js';
import { marbles } from '../helpers/marbles.js';

describe('hold', () => {
  it(
    'gives the resource back when the work is over',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const resource$ = cold('--r----');
      const work$ = cold('      a-b-|');
      const expected = '      --a-b-|';
      const held = '          ^-----!';
      expectObservable(hold(resource$, () => work$)).toBe(expected);
      expectSubscriptions(resource$.subscriptions).toBe(held);
    }),
  );

  it(
    'gives it back when the work fails, or is no longer wanted',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const resource$ = cold('--r----');
      const work$ = cold('      a-#');
      const leave = '         ---!';
      expectObservable(hold(resource$, () => work$)).toBe('--a-#');
      expectObservable(
        hold(resource$, () => work$),
        leave,
      ).toBe('--a-');
      expectSubscriptions(resource$.subscriptions).toBe(['^---!', '^--!']);
    }),
  );

  it(
    'does no work without the resource',
    marbles(({ cold, expectObservable }) => {
      expectObservable(hold(cold('--#'), () => cold('a'))).toBe('--#');
    }),
  );
});
