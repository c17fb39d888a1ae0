import { describe, expect, it } from '@jest/globals';
import { firstCredentials } from '../src/firstCredentials.js';
import { jwt } from './helpers/jwt.js';

const NOW = Date.UTC(2026, 0, 1);

describe('firstCredentials', () => {
  it.each([
    ['a raw answer: its lifetime counts from now', { expires_in: '3600' }, NOW + 3_600_000],
    ['stored credentials: their own end', { expires_in: 3600, expires_at: NOW + 5 }, NOW + 5],
    ['stored credentials that are due', { expires_in: 3600, expires_at: 0 }, 0],
    ['stored credentials in seconds', { expires_at: NOW / 1000 + 60 }, NOW + 60_000],
    [
      'an answer with an expires_at that says nothing',
      { expires_in: 3600, expires_at: 'soon' },
      NOW + 3_600_000,
    ],
    ['an answer that tells nothing: the usual lifetime', {}, NOW + 90_000],
    ['a JWT', { access_token: jwt({ exp: 60, iat: 0 }) }, NOW + 60_000],
  ])('of %s', (_what, given, expires_at) => {
    const first = firstCredentials(
      { access_token: 'A1', refresh_token: 'R1', tenant: 7, ...given },
      NOW,
      90_000,
    );

    expect(first).toMatchObject({ access_token: 'A1', refresh_token: 'R1', tenant: 7, ...given, expires_at });
    expect(Object.isFrozen(first)).toBe(true);
  });

  it('knows no end where nobody tells one', () => {
    expect(firstCredentials({ access_token: 'A1' }, NOW)).toEqual({ access_token: 'A1' });
  });
});
