import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError, RefreshUnavailableError } from '../src/errors.js';
import { defaultRetry, retryAtAfter, type RetryPolicy } from '../src/retryPolicy.js';

const unavailable = new RefreshUnavailableError('Down');
const misconfigured = new ConfigurationError('Wrong');

describe('defaultRetry', () => {
  it.each([
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [3, 2_000, 4_000],
    [6, 16_000, 32_000],
    [7, 30_000, 60_000],
    [8, 30_000, 60_000],
    [5_000, 30_000, 60_000],
  ])('after failure number %d waits from %d to %d ms', (attempt, least, most) => {
    expect(defaultRetry(attempt, unavailable, () => 0)).toBe(least);
    expect(defaultRetry(attempt, unavailable, () => 0.5)).toBe((least + most) / 2);
    expect(defaultRetry(attempt, unavailable, () => 1 - 1e-12)).toBeCloseTo(most, 3);
  });

  it('waits the longest at once where only a person can help', () => {
    expect(defaultRetry(1, misconfigured, () => 0)).toBe(60_000);
  });

  it('is never faster than 0.5 s, nor slower than 60 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const delayMs = defaultRetry(attempt, unavailable, () => chance);
        expect(delayMs >= 500 && delayMs <= 60_000).toBe(true);
      }),
    );
  });
});

describe('retryAtAfter', () => {
  const at = (retry: RetryPolicy, error = unavailable): number =>
    retryAtAfter(error, 1, 10_000, retry, () => 0);
  const asking = (retryAfterMs: number) => new RefreshUnavailableError('Later', { retryAfterMs });

  it('is when the policy says', () => {
    expect(at(() => 2_000)).toBe(12_000);
    expect(at(() => 0)).toBe(10_000);
  });

  it('tells the policy how often it has failed, with what, and what chance there is', () => {
    const random = () => 0.25;
    const asked: unknown[] = [];
    retryAtAfter(misconfigured, 7, 0, (...all) => (asked.push(...all), 1), random);
    expect(asked).toEqual([7, misconfigured, random]);
  });

  it.each([NaN, -1, Infinity, undefined, 'soon'])('goes by the default when the policy says %p', (said) => {
    expect(at(() => said as number)).toBe(10_500);
  });

  it('goes by the default when the policy throws', () => {
    expect(
      at(() => {
        throw new TypeError('A bug');
      }),
    ).toBe(10_500);
  });

  it.each([
    ['later than the policy', 7_000, 17_000],
    ['sooner than the policy', 1_000, 12_000],
    ['at once', 0, 12_000],
    ['in a day: an hour will do', 86_400_000, 3_610_000],
  ])('is never before what the provider asked for: %s', (_when, retryAfterMs, instant) => {
    expect(at(() => 2_000, asking(retryAfterMs))).toBe(instant);
  });
});
