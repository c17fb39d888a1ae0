import { describe, expect, it } from '@jest/globals';
import { NEVER } from 'rxjs';
import { readConfig } from '../src/config.js';
import type { Snapshot } from '../src/contracts.js';
import {
  ConfigurationError,
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  type TokenError,
} from '../src/errors.js';
import type { Held } from '../src/held.js';
import { afterFailure, afterNews, afterRejection, isNewToken, newsOf } from '../src/transitions.js';

const HOUR = 3_600_000;
const NOW = 1_000;
const settings = readConfig({ refresh: () => NEVER, retry: (attempt) => attempt * 100, random: () => 0.5 });

const credentials = { access_token: 'A1', refresh_token: 'R1', expires_at: HOUR, expires_in: 3600 };
const newer = { access_token: 'A2', refresh_token: 'R2', expires_at: 2 * HOUR, expires_in: 3600 };
const snapshot = (of: Snapshot['credentials'], more: Partial<Snapshot> = {}): Snapshot => ({
  credentials: of,
  version: 'v2',
  ...more,
});

const down = () => new RefreshUnavailableError('Down');
const failure = (error: TokenError, attempt = 1, retryAt = 0) => ({ error, attempt, retryAt });
const refused = failure(new RefreshRejectedError(), 1, Infinity);

describe('afterFailure', () => {
  it('counts the failures in a row, and plans the next attempt', () => {
    const first = afterFailure({ credentials }, down(), settings, NOW);
    const second = afterFailure(first, new ConfigurationError('Wrong'), settings, NOW);

    expect(first).toMatchObject({ credentials, failure: { attempt: 1, retryAt: NOW + 100 } });
    expect(second).toMatchObject({ credentials, failure: { attempt: 2, retryAt: NOW + 200 } });
  });

  it('tells whoever gets the error', () => {
    const error = down();
    expect(afterFailure({}, error, settings, NOW).failure.error).toBe(error);
    expect(error.retryAt).toBe(NOW + 100);
  });

  it('plans nothing after a refusal', () => {
    const error = new RefreshRejectedError();
    expect(afterFailure({ credentials }, error, settings, NOW).failure).toMatchObject({
      error,
      retryAt: Infinity,
    });
    expect(error.retryAt).toBeUndefined();
  });
});

describe('afterNews', () => {
  const after = (held: Held, found: Snapshot, by: 'self' | 'sibling' = 'sibling'): Held =>
    afterNews(held, found, by, settings, NOW);

  it('holds what the store holds', () => {
    const before = { ...snapshot(credentials, { dead: true, warning: 'open' }), version: 'v1' };
    expect(after(before, snapshot(newer))).toMatchObject({
      credentials: newer,
      version: 'v2',
      signedOut: false,
    });
    expect(after(before, snapshot(newer)).dead).toBeUndefined();
  });

  it('is done with a failure when there is a new token, whoever brought it', () => {
    for (const by of ['self', 'sibling'] as const) {
      expect(after({ credentials, failure: failure(down()) }, snapshot(newer), by).failure).toBeUndefined();
      expect(after({ credentials, failure: refused }, snapshot(newer), by).failure).toBeUndefined();
    }
  });

  it('is done with a failure when nobody is signed in any more', () => {
    expect(after({ credentials, failure: refused }, snapshot(null)).failure).toBeUndefined();
  });

  it('keeps a failure when only another field was touched', () => {
    const kept = failure(down());
    expect(after({ credentials, failure: kept }, snapshot({ ...credentials, scope: 'all' })).failure).toBe(
      kept,
    );
    expect(after({ credentials, failure: refused }, snapshot({ ...credentials, scope: 'all' })).failure).toBe(
      refused,
    );
  });

  it('is done with the failure of a store that can be read again', () => {
    const unreadable = failure(new StoreError('store_unreadable', 'No'));
    expect(after({ credentials, failure: unreadable }, snapshot(credentials)).failure).toBeUndefined();
  });

  it('is done with a refusal when the refresh token is another', () => {
    const held = { credentials, failure: refused };
    expect(after(held, snapshot({ ...credentials, refresh_token: 'R2' })).failure).toBeUndefined();
  });

  it('knows a sign-out from never having been signed in', () => {
    expect(after({}, snapshot(null)).signedOut).toBe(false);
    expect(after({ credentials: null }, snapshot(null)).signedOut).toBe(false);
    expect(after({ credentials }, snapshot(null)).signedOut).toBe(true);
    expect(after({ credentials: null, signedOut: true }, snapshot(null)).signedOut).toBe(true);
    expect(after({ credentials: null, signedOut: true }, snapshot(credentials)).signedOut).toBe(false);
  });

  it('notes when it was granted a token itself, and only then', () => {
    expect(after({ refreshedAt: 5 }, snapshot(newer), 'self').refreshedAt).toBe(NOW);
    expect(after({ refreshedAt: 5 }, snapshot(newer), 'sibling').refreshedAt).toBe(5);
    expect(after({ refreshedAt: 5 }, snapshot(null), 'self').refreshedAt).toBe(5);
  });

  it('draws its place in the jitter window once for each token', () => {
    expect(after({ credentials, jitter: 0.1 }, snapshot(newer)).jitter).toBe(0.5);
    expect(after({ credentials, jitter: 0.1 }, snapshot({ ...credentials, scope: 'all' })).jitter).toBe(0.1);
  });

  it('knows a refusal by the mark that another has left', () => {
    const dead = after({ credentials }, snapshot(credentials, { dead: true }));
    expect(dead.failure).toMatchObject({ error: { code: 'refresh_rejected' }, retryAt: Infinity });
  });

  it('knows a lost rotation by the journal that another has left', () => {
    const pending = { pair: 'p', sentAt: 7, until: 8, by: 'another' };
    const dead = after({ credentials }, snapshot(credentials, { dead: true, pending }));
    expect(dead.failure?.error).toMatchObject({ code: 'rotation_lost', lostAt: 7 });
  });

  it('says the same of a refusal that it knew', () => {
    const dead = after({ credentials, failure: refused }, snapshot(credentials, { dead: true }));
    expect(dead.failure?.error).toBe(refused.error);
  });

  it('leaves what a server has rejected rejected, whichever other field was touched', () => {
    const struck = { credentials: { ...credentials, expires_at: 0 } };
    const touched = snapshot({ ...credentials, scope: 'all' });
    expect(after(struck, touched).credentials).toMatchObject({ scope: 'all', expires_at: 0 });
    expect(after(struck, snapshot(newer)).credentials).toEqual(newer);
    expect(after(struck, snapshot(credentials), 'self').credentials).toEqual(credentials);
  });

  it('takes a token that is due on arrival for a failure, and backs off ever more', () => {
    const due = snapshot({ ...newer, expires_at: NOW });
    const first = after({ credentials }, due, 'self');
    const second = after(first, due, 'self');

    expect(first).toMatchObject({
      credentials: due.credentials,
      failure: { attempt: 1, retryAt: NOW + 100 },
    });
    expect(second).toMatchObject({ refreshedAt: NOW, failure: { attempt: 2, retryAt: NOW + 200 } });
    expect(after(second, snapshot(newer), 'self').failure).toBeUndefined();
  });

  it('does not mind a sibling’s token that is due', () => {
    expect(after({ credentials }, snapshot({ ...newer, expires_at: NOW })).failure).toBeUndefined();
  });
});

describe('afterRejection', () => {
  it.each([
    ['the current token', 'A1'],
    ['whichever it is', undefined],
  ])('ends %s, whatever the clock says', (_what, rejected) => {
    expect(afterRejection({ credentials, version: 'v1' }, rejected)).toEqual({
      credentials: { ...credentials, expires_at: 0 },
      version: 'v1',
    });
  });

  it.each<[string, Held, string | undefined]>([
    ['another token', { credentials }, 'A0'],
    ['nobody’s token', { credentials: null }, undefined],
    ['a token, before one is known', {}, 'A1'],
  ])('does nothing about %s', (_what, held, rejected) => {
    expect(afterRejection(held, rejected)).toBe(held);
  });
});

describe('isNewToken', () => {
  it.each([
    [credentials, newer, true],
    [null, credentials, true],
    [undefined, credentials, true],
    [credentials, { ...credentials, scope: 'all' }, false],
    [credentials, null, false],
    [null, undefined, false],
  ])('from %j to %j: %s', (before, after, expected) => {
    expect(isNewToken(before, after)).toBe(expected);
  });
});

describe('newsOf', () => {
  const news = (
    before: Held['credentials'],
    after: Held['credentials'],
    by: 'self' | 'sibling',
    same = true,
  ) =>
    newsOf({ credentials: before } as Held, { credentials: after, warning: 'open' } as Held, by, () => same);

  it.each<[string, ReturnType<typeof news>, object | undefined]>([
    [
      'the first answer',
      news(undefined, credentials, 'sibling'),
      { type: 'loaded', signedIn: true, warning: 'open' },
    ],
    [
      'the first answer, nobody',
      news(undefined, null, 'sibling'),
      { type: 'loaded', signedIn: false, warning: 'open' },
    ],
    [
      'one’s own refresh',
      news(credentials, newer, 'self'),
      { type: 'refreshed', by: 'self', expiresAt: 2 * HOUR },
    ],
    [
      'one’s own first token',
      news(null, newer, 'self'),
      { type: 'refreshed', by: 'self', expiresAt: 2 * HOUR },
    ],
    [
      'a sibling’s refresh',
      news(credentials, newer, 'sibling'),
      { type: 'refreshed', by: 'sibling', expiresAt: 2 * HOUR },
    ],
    ['another account', news(credentials, newer, 'sibling', false), { type: 'set', by: 'sibling' }],
    ['a sign-in', news(null, newer, 'sibling'), { type: 'set', by: 'sibling' }],
    ['a sign-out', news(credentials, null, 'sibling'), { type: 'cleared', by: 'sibling' }],
    ['a second sign-out', news(null, null, 'sibling'), undefined],
    ['another field', news(credentials, { ...credentials, scope: 'all' }, 'sibling'), undefined],
  ])('tells of %s', (_what, told, expected) => {
    expect(told).toEqual(expected);
  });
});
