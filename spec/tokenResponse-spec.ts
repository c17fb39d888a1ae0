import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Credentials } from '../src/credentials.js';
import {
  expiryOf,
  fromRecord,
  instantFrom,
  lifetimeMsFrom,
  type TokenResponse,
} from '../src/tokenResponse.js';
import { jwt } from './helpers/jwt.js';

const NOW = Date.UTC(2026, 0, 1);
const LAST_INSTANT = 8.64e15;
const YEAR_MS = 365.25 * 24 * 3_600_000;

describe('lifetimeMsFrom', () => {
  it.each([
    [3600, 3_600_000],
    ['3600', 3_600_000],
    [' 3600 ', 3_600_000],
    [0.5, 500],
    ['1e3', 1_000_000],
    [LAST_INSTANT / 1000, LAST_INSTANT],
    [LAST_INSTANT / 1000 + 1, undefined],
    [0, undefined],
    [-5, undefined],
    ['-5', undefined],
    [NaN, undefined],
    [Infinity, undefined],
    [1e308, undefined],
    [9e15, undefined],
    ['', undefined],
    ['  ', undefined],
    ['abc', undefined],
    ['3600s', undefined],
    [true, undefined],
    [null, undefined],
    [undefined, undefined],
    [{}, undefined],
    [[], undefined],
    [[3600], undefined],
  ])('of %p is %p', (expiresIn, lifetimeMs) => {
    expect(lifetimeMsFrom(expiresIn)).toBe(lifetimeMs);
  });
});

describe('instantFrom', () => {
  it.each([
    ['milliseconds', NOW + 3_600_000, NOW + 3_600_000],
    ['milliseconds in a string', `${NOW}`, NOW],
    ['seconds, where only they make sense', NOW / 1000 + 3600, NOW + 3_600_000],
    ['seconds in a string', `${NOW / 1000}`, NOW],
    ['seconds, nearly ten years ahead', (NOW + 10 * YEAR_MS) / 1000, NOW + 10 * YEAR_MS],
    ['seconds, nearly ten years ago', (NOW - 10 * YEAR_MS) / 1000, NOW - 10 * YEAR_MS],
    ['what is far off either way, as it stands', (NOW + 11 * YEAR_MS) / 1000, (NOW + 11 * YEAR_MS) / 1000],
    ['milliseconds far ahead', NOW + 50 * YEAR_MS, NOW + 50 * YEAR_MS],
    ['a date, as Square has it', new Date(NOW + 3_600_000).toISOString(), NOW + 3_600_000],
    ['a date with an offset', '2026-01-01T01:00:00+01:00', NOW],
    ['what looks like a date', '2026-13-01T00:00', undefined],
    ['0, which is due', 0, 0],
    ['1970', 1000, 1000],
    ['the last instant there is', LAST_INSTANT, LAST_INSTANT],
    ['more than that', LAST_INSTANT + 1, undefined],
    ['a negative number', -1, undefined],
    ['NaN', NaN, undefined],
    ['Infinity', Infinity, undefined],
    ['an empty string', '', undefined],
    ['a date in words', '2026-01-01', undefined],
    ['null', null, undefined],
    ['nothing', undefined, undefined],
    ['an object', { now: 1 }, undefined],
    ['true', true, undefined],
  ])('reads %s', (_what, given, instant) => {
    expect(instantFrom(given, NOW)).toBe(instant);
  });

  it('reads a small clock as it stands, as that of virtual time', () => {
    expect(instantFrom(3_600_000, 0)).toBe(3_600_000);
  });
});

describe('expiryOf', () => {
  const exp = NOW / 1000 + 7200;
  const timed = jwt({ exp, iat: NOW / 1000 });

  it.each<[string, Omit<TokenResponse, 'access_token'> & { access_token?: string }, object]>([
    ['expires_in', { expires_in: 60 }, { expires_at: NOW + 60_000, expires_in: 60 }],
    ['a string of it, as received', { expires_in: '60' }, { expires_at: NOW + 60_000, expires_in: '60' }],
    [
      'a fraction of it, to the millisecond, and never longer than it is',
      { expires_in: 0.0018 },
      { expires_at: NOW + 1, expires_in: 0.0018 },
    ],
    [
      'expires_in before all else',
      { access_token: timed, expires_in: 60, expires_at: NOW + 5 },
      { expires_at: NOW + 60_000, expires_in: 60 },
    ],
    [
      'an expires_at',
      { access_token: timed, expires_at: NOW + 5 },
      { expires_at: NOW + 5, expires_in: 0.005 },
    ],
    ['an expires_at in the past', { expires_at: NOW - 5 }, { expires_at: NOW - 5 }],
    [
      'an expires_at in seconds',
      { expires_at: NOW / 1000 + 60 },
      { expires_at: NOW + 60_000, expires_in: 60 },
    ],
    ['the JWT', { access_token: timed }, { expires_at: NOW + 7_200_000, expires_in: 7200 }],
    [
      'the JWT by the server’s own clock',
      { access_token: jwt({ exp: 7200, iat: 0 }) },
      { expires_at: NOW + 7_200_000, expires_in: 7200 },
    ],
    ['a JWT without iat', { access_token: jwt({ exp }) }, { expires_at: NOW + 7_200_000, expires_in: 7200 }],
    ['the usual lifetime', {}, { expires_at: NOW + 90_000, expires_in: 90 }],
    [
      'the usual lifetime, for an absurd expires_in',
      { expires_in: 0 },
      { expires_at: NOW + 90_000, expires_in: 90 },
    ],
    [
      'the JWT, for a negative expires_in',
      { access_token: timed, expires_in: -5 },
      { expires_at: NOW + 7_200_000, expires_in: 7200 },
    ],
    [
      'the usual lifetime, for a JWT that had ended when it was issued',
      { access_token: jwt({ exp: 5, iat: 6 }) },
      { expires_at: NOW + 90_000, expires_in: 90 },
    ],
    [
      'the usual lifetime, for a JWT of nonsense',
      { access_token: jwt({ exp: 'soon', iat: {} }) },
      { expires_at: NOW + 90_000, expires_in: 90 },
    ],
    ['nothing, for a lifetime beyond all dates', { expires_in: LAST_INSTANT / 1000 }, {}],
    [
      'the last date there is',
      { expires_in: (LAST_INSTANT - NOW) / 1000 },
      { expires_at: LAST_INSTANT, expires_in: (LAST_INSTANT - NOW) / 1000 },
    ],
  ])('goes by %s', (_what, response, expiry) => {
    expect(expiryOf({ access_token: 'opaque', ...response }, NOW, 90_000)).toEqual(expiry);
  });

  it('knows nothing where nobody tells', () => {
    expect(expiryOf({ access_token: 'opaque' }, NOW)).toEqual({});
  });

  it('makes of whatever is told a finite instant, or nothing', () => {
    const told = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom(undefined, Infinity, NaN, '1e999'));
    fc.assert(
      fc.property(
        fc.tuple(told, told, told, told),
        fc.integer({ min: 0, max: 4e12 }),
        ([expires_in, expires_at, exp, iat], now) => {
          const response = { access_token: jwt({ exp, iat }), expires_in, expires_at };
          const expiry = expiryOf(response, now);

          if (expiry.expires_at === undefined) expect(expiry).toEqual({});
          else expect(expiry.expires_at >= 0 && expiry.expires_at <= LAST_INSTANT).toBe(true);
          if ('expires_in' in expiry) expect(lifetimeMsFrom(expiry.expires_in)).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('fromRecord', () => {
  it.each<[string, Partial<Credentials>, number | undefined]>([
    ['an expires_at', { expires_at: NOW + 5, expires_in: 3600 }, NOW + 5],
    ['an expires_at in seconds', { expires_at: NOW / 1000 + 60 }, NOW + 60_000],
    ['an expires_at in a string', { expires_at: `${NOW}` as never }, NOW],
    ['0', { expires_at: 0 }, 0],
    ['garbage: the JWT', { expires_at: 'soon' as never, access_token: jwt({ exp: NOW / 1000 }) }, NOW],
    ['none: the JWT', { access_token: jwt({ exp: NOW / 1000 }), expires_in: 60 }, NOW],
    ['only a lifetime: due, for nobody knows since when', { expires_in: 3600 }, 0],
    ['only an absurd lifetime: unknown', { expires_in: -1 }, undefined],
    ['nothing: unknown', {}, undefined],
    ['null: unknown', { expires_at: null as never }, undefined],
    ['NaN: unknown', { expires_at: NaN }, undefined],
  ])('with %s', (_what, stored, expires_at) => {
    const held = fromRecord({ access_token: 'opaque', scope: 'kept', ...stored }, NOW);

    expect(held.expires_at).toBe(expires_at);
    expect('expires_at' in held).toBe(expires_at !== undefined);
    expect(held).toMatchObject({ scope: 'kept', access_token: stored.access_token ?? 'opaque' });
    expect(held.expires_in).toBe(stored.expires_in);
    expect(Object.isFrozen(held)).toBe(true);
  });

  it('repairs whatever was stored, once and for all, and touches no other field', () => {
    const records = fc
      .dictionary(fc.constantFrom('expires_at', 'expires_in', 'scope', 'id_token', 'x'), fc.jsonValue())
      .map((fields): Credentials => ({ ...(fields as object), access_token: 'A1' }));
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 4e12 }), (stored, now) => {
        const held = fromRecord(stored, now);
        const { expires_at, ...others } = held;
        const { expires_at: _given, ...given } = stored;

        expect(expires_at === undefined || (expires_at >= 0 && expires_at <= LAST_INSTANT)).toBe(true);
        expect(JSON.stringify(others)).toBe(JSON.stringify(given));
        expect(fromRecord(held, now)).toBe(held);
      }),
    );
  });
});
