import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endsAt, isValid, validUntil } from '../src/validity.js';

const hour = { access_token: 'A1', expires_at: 3_600_000, expires_in: 3600 };
const unknown = { access_token: 'A1' };

describe('validUntil', () => {
  it.each([
    ['an hour', hour, 60_000, 3_540_000],
    ['an hour, and no skew', hour, 0, 3_600_000],
    ['a lifetime as a string', { ...hour, expires_in: '3600' }, 60_000, 3_540_000],
    ['a lifetime of less than two skews: half of it', { ...hour, expires_in: 10 }, 60_000, 3_595_000],
    ['a lifetime of exactly two skews', { ...hour, expires_in: 120 }, 60_000, 3_540_000],
    ['no known lifetime', { access_token: 'A1', expires_at: 3_600_000 }, 60_000, 3_540_000],
    ['an absurd lifetime', { ...hour, expires_in: -1 }, 60_000, 3_540_000],
    ['no known end', unknown, 60_000, Infinity],
    ['no known end of a known lifetime', { access_token: 'A1', expires_in: 10 }, 60_000, Infinity],
  ])('of %s', (_what, credentials, skewMs, instant) => {
    expect(validUntil(credentials, skewMs)).toBe(instant);
  });
});

describe('endsAt', () => {
  it.each([
    [hour, 3_600_000],
    [{ ...hour, expires_at: 0 }, 0],
    [unknown, Infinity],
  ])('of %j is %d, whatever the skew', (credentials, instant) => {
    expect(endsAt(credentials)).toBe(instant);
  });
});

describe('isValid', () => {
  it.each([
    ['a millisecond before the skew begins', 3_539_999, 60_000, 0, true],
    ['as the skew begins', 3_540_000, 60_000, 0, false],
    ['when it lasts as long as was asked for', 2_999_999, 60_000, 600_000, true],
    ['when it lasts a millisecond less', 3_000_000, 60_000, 600_000, false],
    ['when less is asked for than the skew', 3_539_999, 60_000, 1_000, true],
    ['when more is asked for than nine tenths of its life', 359_999, 60_000, 9e9, true],
    ['when nine tenths of its life are no longer left', 360_000, 60_000, 9e9, false],
  ])('%s', (_when, now, skewMs, minValidityMs, expected) => {
    expect(isValid(hour, now, skewMs, minValidityMs)).toBe(expected);
  });

  it('lets a token of unknown end be valid for whatever is asked', () => {
    expect(isValid(unknown, Number.MAX_VALUE, 60_000, 9e9)).toBe(true);
  });

  it('asks all that is asked of a token of unknown lifetime', () => {
    expect(isValid({ access_token: 'A1', expires_at: 3_600_000 }, 0, 0, 3_599_999)).toBe(true);
    expect(isValid({ access_token: 'A1', expires_at: 3_600_000 }, 0, 0, 3_600_000)).toBe(false);
  });

  const instants = fc.integer({ min: 0, max: 10_000_000 });
  const tokens = fc.record(
    {
      access_token: fc.constant('A1'),
      expires_at: instants,
      expires_in: fc.integer({ min: -10, max: 10_000 }),
    },
    { requiredKeys: ['access_token'] },
  );

  it('never comes back: once over, over; and never by asking for more', () => {
    fc.assert(
      fc.property(tokens, instants, instants, instants, instants, (token, now, later, skewMs, more) => {
        if (isValid(token, now + later, skewMs, more)) expect(isValid(token, now, skewMs, more)).toBe(true);
        if (isValid(token, now, skewMs + later, more)) expect(isValid(token, now, skewMs, more)).toBe(true);
        if (isValid(token, now, skewMs, more)) expect(isValid(token, now, skewMs)).toBe(true);
        if (isValid(token, now, skewMs)) expect(now).toBeLessThan(endsAt(token));
      }),
    );
  });

  it('is true of a new token, however short its life, whatever the skew and whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e7 }),
        instants,
        instants,
        (expires_in, skewMs, minValidityMs) => {
          const token = { access_token: 'A1', expires_in, expires_at: expires_in * 1000 };
          expect(isValid(token, 0, skewMs, minValidityMs)).toBe(true);
        },
      ),
    );
  });
});
