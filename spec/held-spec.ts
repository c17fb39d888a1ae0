import { describe, expect, it } from '@jest/globals';
import { RefreshRejectedError, RefreshUnavailableError, StoreError, type TokenError } from '../src/errors.js';
import { sameState, toState, type Failure, type Held, type TokenState } from '../src/held.js';

const credentials = { access_token: 'A1' };
const down = new RefreshUnavailableError('Down');
const refused = new RefreshRejectedError();
const unreadable = new StoreError('store_unreadable', 'No');
const after = (error: TokenError): Failure => ({ error, attempt: 2, retryAt: 7 });

describe('toState', () => {
  it.each<[string, Held, TokenState]>([
    ['nothing yet', {}, { status: 'loading' }],
    ['nobody', { credentials: null }, { status: 'signed-out' }],
    ['credentials', { credentials }, { status: 'valid' }],
    ['a flight', { credentials, refreshing: true }, { status: 'refreshing' }],
    ['a flight for first credentials', { credentials: null, refreshing: true }, { status: 'refreshing' }],
    [
      'a failure',
      { credentials, failure: after(down) },
      { status: 'retrying', error: down, attempt: 2, retryAt: 7 },
    ],
    [
      'a failure to acquire',
      { credentials: null, failure: after(down) },
      { status: 'retrying', error: down, attempt: 2, retryAt: 7 },
    ],
    [
      'another flight after a failure',
      { credentials, refreshing: true, failure: after(down) },
      { status: 'refreshing' },
    ],
    [
      'a refused sign-in',
      { credentials, failure: after(refused) },
      { status: 'reauthentication-required', error: refused },
    ],
    [
      'a refused sign-in, and somebody who looks whether a sibling did better',
      { credentials, refreshing: true, failure: after(refused) },
      { status: 'reauthentication-required', error: refused },
    ],
    [
      'a store that cannot be read',
      { failure: after(unreadable) },
      { status: 'unavailable', error: unreadable },
    ],
    [
      'a store that can no longer be read',
      { credentials, failure: after(unreadable) },
      { status: 'unavailable', error: unreadable },
    ],
  ])('of %s', (_what, held, state) => {
    expect(toState(held)).toEqual(state);
  });
});

describe('sameState', () => {
  const retrying = toState({ credentials, failure: after(down) });
  it.each([
    ['the same word', { status: 'valid' } as const, { status: 'valid' } as const, true],
    ['another word', { status: 'valid' } as const, { status: 'refreshing' } as const, false],
    ['the same failure', retrying, { ...retrying }, true],
    [
      'the next failure',
      retrying,
      toState({ credentials, failure: after(new RefreshUnavailableError('Down')) }),
      false,
    ],
  ])('of %s', (_what, a, b, expected) => {
    expect(sameState(a, b)).toBe(expected);
  });
});
