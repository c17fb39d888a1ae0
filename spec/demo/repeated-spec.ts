import { describe, it } from '@jest/globals';
import { repeated } from '../../demo/terminal/repeated.js';
import { marbles } from '../helpers/marbles.js';

describe('repeated', () => {
  it(
    'lets through every value but the first of each key',
    marbles(({ cold, expectObservable }) => {
      const source = cold(' --a--b--a--c--b--a--|');
      const expected = '    --------a-----b--a--|';
      expectObservable(source.pipe(repeated((value) => value))).toBe(expected);
    }),
  );
});
