import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../src/testing/index.js';

const take = (random: () => number, count: number) => Array.from({ length: count }, random);

describe('seededRandom', () => {
  it.each([
    [0, [0.26642920868471265, 0.0003297457005828619, 0.2232720274478197]],
    [1, [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]],
    [-7, [0.43306733411736786, 0.32539576734416187, 0.5442695003002882]],
  ])('gives the same sequence for seed %p, on every engine', (seed, vector) => {
    expect(take(seededRandom(seed), 3)).toEqual(vector);
  });

  it('stays in [0, 1) and spreads evenly', () => {
    const numbers = take(seededRandom(42), 20_000);
    const tenths = numbers.reduce((counts, number) => {
      counts[Math.floor(number * 10)]!++;
      return counts;
    }, new Array<number>(10).fill(0));

    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(Math.min(...tenths)).toBeGreaterThan(1_800);
    expect(Math.max(...tenths)).toBeLessThan(2_200);
  });

  it('gives other sequences for other seeds, and generators that do not share their state', () => {
    const [one, two] = [seededRandom(1), seededRandom(1)];
    one();

    expect(one()).not.toBe(two());
    expect(take(seededRandom(1), 3)).not.toEqual(take(seededRandom(2), 3));
  });
});
