import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  ConfigurationError,
  DisposedError,
  isLost,
  LockTimeoutError,
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  TokenError,
} from '../src/errors.js';

const LOST_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('TokenError', () => {
  it.each([
    ['refresh_rejected', new RefreshRejectedError(), RefreshRejectedError],
    ['rotation_lost', new RefreshRejectedError({}, LOST_AT), RefreshRejectedError],
    ['rotation_lost', new RefreshRejectedError({}, 0), RefreshRejectedError], // in virtual time
    ['configuration', new ConfigurationError('Wrong'), ConfigurationError],
    ['callback_failed', new ConfigurationError('A bug', {}, 'callback_failed'), ConfigurationError],
    ['refresh_unavailable', new RefreshUnavailableError('Down'), RefreshUnavailableError],
    ['store_unreadable', new StoreError('store_unreadable', 'No'), StoreError],
    ['store_corrupt', new StoreError('store_corrupt', 'No'), StoreError],
    ['store_unwritable', new StoreError('store_unwritable', 'No'), StoreError],
    ['lock_timeout', new LockTimeoutError('Held'), LockTimeoutError],
    ['no_credentials', new NoCredentialsError(), NoCredentialsError],
    ['disposed', new DisposedError(), DisposedError],
  ])('%s is a code, and shows when printed', (code, error, type) => {
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(TokenError);
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe(code);
    expect(String(error)).toBe(`TokenError[${code}]: ${error.message}`);
    expect(error.stack).toContain(`TokenError[${code}]: ${error.message}`);
    expect(inspect(error)).toContain(code);
    expect(error.message).not.toBe('');
    expect(error.cause).toBeUndefined();
  });

  it('can be sent to a log as JSON', () => {
    const error = new RefreshUnavailableError('Down', { error: 'busy', status: 503 });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'refresh_unavailable',
      error: 'busy',
      status: 503,
    });
  });

  it('tells what is known of a refusal', () => {
    const details = { error: 'invalid_grant', status: 400 };
    expect(new RefreshRejectedError(details)).toMatchObject(details);
    expect(new ConfigurationError('Wrong', details)).toMatchObject(details);
    expect(
      new RefreshUnavailableError('Down', { ...details, ambiguous: true, retryAfterMs: 7 }),
    ).toMatchObject({
      ...details,
      ambiguous: true,
      retryAfterMs: 7,
    });
    expect(new StoreError('store_unwritable', 'Full', 'ENOSPC').reason).toBe('ENOSPC');
  });

  it('takes over from another error only what is safe', () => {
    const other = Object.assign(new RefreshRejectedError({ error: 'invalid_grant', status: 400 }), {
      body: 'secret',
    });
    const copy = new RefreshRejectedError(other, LOST_AT);
    expect(copy).toMatchObject({
      code: 'rotation_lost',
      error: 'invalid_grant',
      status: 400,
      lostAt: LOST_AT,
    });
    expect(copy).not.toHaveProperty('body');
  });

  it('says when a rotation was lost', () => {
    expect(new RefreshRejectedError({}, LOST_AT).message).toContain('2026-01-02T03:04:05.000Z');
    expect(new RefreshRejectedError().message).toContain('the refresh token. Sign in again');
    expect(new RefreshRejectedError().lostAt).toBeUndefined();
  });
});

describe('isLost', () => {
  it.each([
    ['a request whose answer was lost', new RefreshUnavailableError('Lost', { ambiguous: true }), true],
    ['a request that was answered', new RefreshUnavailableError('Down', { ambiguous: false }), false],
    ['a request that was never sent', new RefreshUnavailableError('Down'), false],
    ['another error', Object.assign(new LockTimeoutError('Held'), { ambiguous: true }), false],
    ['nothing', undefined, false],
  ])('of %s', (_what, error, expected) => {
    expect(isLost(error)).toBe(expected);
  });
});
