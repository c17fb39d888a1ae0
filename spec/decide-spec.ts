import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Snapshot } from '../src/contracts.js';
import {
  decide,
  freshUntil,
  hasEnded,
  blockedUntil,
  isEnough,
  isServable,
  isWithinGrace,
  judge,
  wakeAt,
  type Caller,
  type Terms,
} from '../src/decide.js';
import {
  ConfigurationError,
  NoCredentialsError,
  RefreshRejectedError,
  RefreshUnavailableError,
  type TokenError,
} from '../src/errors.js';
import type { Held } from '../src/held.js';
import type { ReusePolicy } from '../src/profile.js';

const minutes = (count: number) => count * 60_000;
const HOUR = minutes(60);

const terms: Terms = {
  skewMs: minutes(1),
  refreshAheadMs: 0,
  jitterMs: 0,
  reuse: 'strict',
  canAcquire: false,
};
const ahead = { ...terms, refreshAheadMs: minutes(10) };
const acquiring = { ...terms, canAcquire: true };
const harmless: Terms = { ...terms, reuse: 'harmless' };

const credentials = { access_token: 'A1', refresh_token: 'R1', expires_at: HOUR, expires_in: 3600 };
const endless = { access_token: 'A1' };
const rejected = { ...credentials, expires_at: 0 };

const down = new RefreshUnavailableError('Down');
const lost = new RefreshUnavailableError('Lost', { ambiguous: true });
const refused = new RefreshRejectedError();
const bug = new ConfigurationError('A bug', {}, 'callback_failed');
const misconfigured = new ConfigurationError('Wrong');

/** What is held after a failure; the next attempt is due at `retryAt`. */
const failed = (error: TokenError, retryAt: number, held: Held = { credentials }): Held => ({
  ...held,
  failure: { error, attempt: 1, retryAt },
});
const asking = (minValidityMs = 0, waitsUntil = Infinity): Caller => ({ minValidityMs, waitsUntil });

describe('freshUntil', () => {
  it('is when the skew begins, or the window in which one refreshes ahead', () => {
    expect(freshUntil({ credentials }, terms)).toBe(minutes(59));
    expect(freshUntil({ credentials }, ahead)).toBe(minutes(49));
    expect(freshUntil({ credentials: endless }, ahead)).toBe(Infinity);
    expect(freshUntil({ credentials: null }, terms)).toBe(-Infinity);
    expect(freshUntil({}, terms)).toBe(-Infinity);
  });
});

describe('decide', () => {
  it.each<[string, Held, number, Caller, Terms?]>([
    ['a valid token', { credentials }, minutes(59) - 1, asking()],
    ['a token that lasts as long as was asked for', { credentials }, minutes(54) - 1, asking(minutes(6))],
    ['a token in the window in which one refreshes ahead', { credentials }, minutes(50), asking(), ahead],
    ['a token in its skew, when no request may be sent', failed(down, HOUR + 1), HOUR - 1, asking()],
    ['a token in its skew, when the sign-in was refused', failed(refused, Infinity), HOUR - 1, asking()],
    [
      'a token in its skew, when an answer was lost and its repetition is best late',
      failed(lost, 0),
      HOUR - 1,
      asking(),
    ],
    ['a valid token, in spite of a failure', failed(down, 0), minutes(30), asking()],
  ])('serves %s', (_what, held, now, caller, under = terms) => {
    expect(decide(held, under, now, caller)).toBe(credentials);
  });

  it.each<[string, Held, number, Caller, Terms?]>([
    ['a token in its skew', { credentials }, minutes(59), asking()],
    ['a token that does not last as long as was asked for', { credentials }, minutes(54), asking(minutes(6))],
    ['a token that a server has rejected', { credentials: rejected }, 1, asking()],
    ['nobody, where credentials can be acquired', { credentials: null }, 0, asking(), acquiring],
    [
      'nobody, when it is time to try to acquire again',
      failed(down, 5, { credentials: null }),
      5,
      asking(),
      acquiring,
    ],
    ['a token in its skew, when it is time to try again', failed(down, minutes(59)), minutes(59), asking()],
    [
      'a lost answer whose repetition is harmless',
      failed(lost, minutes(59)),
      minutes(59),
      asking(),
      harmless,
    ],
    ['a lost answer, when the token has ended', failed(lost, 0), HOUR, asking()],
    ['a lost answer, when the caller has nothing else', failed(lost, 0), minutes(56), asking(minutes(6))],
  ])('refreshes for %s', (_what, held, now, caller, under = terms) => {
    expect(decide(held, under, now, caller)).toBeNull();
  });

  it('has a caller with nothing else wait for the next attempt, as long as that is near enough', () => {
    const held = failed(down, HOUR + 5_000);
    expect(decide(held, terms, HOUR, asking(0, HOUR + 5_000))).toBe(HOUR + 5_000);
    expect(decide(held, terms, HOUR, asking(0, HOUR + 4_999))).toBe(down);
    expect(decide(held, terms, HOUR - 1, asking(2, HOUR + 5_000))).toBe(HOUR + 5_000);
  });

  it('has a caller wait who waits for first credentials', () => {
    const held = failed(down, 10, { credentials: null });
    expect(decide(held, acquiring, 5, asking(0, 10))).toBe(10);
    expect(decide(held, acquiring, 5, asking(0, 9))).toBe(down);
  });

  it('fails with the refusal when the token has ended', () => {
    expect(decide(failed(refused, Infinity), terms, HOUR, asking(0, HOUR + 5_000))).toBe(refused);
  });

  it('fails with no_credentials when nobody is signed in and nothing can be acquired', () => {
    expect(decide({ credentials: null }, terms, 0, asking())).toBeInstanceOf(NoCredentialsError);
    expect(decide(failed(down, 10, { credentials: null }), terms, 0, asking())).toBeInstanceOf(
      NoCredentialsError,
    );
  });

  it('never serves what has ended, nor less than was asked for, nor waits beyond a caller’s patience', () => {
    const instants = fc.integer({ min: 0, max: 2 * HOUR });
    const helds = fc.record({
      credentials: fc.constantFrom(credentials, rejected, null),
      failure: fc.option(
        fc.record({
          error: fc.constantFrom<TokenError>(down, lost, refused, misconfigured),
          attempt: fc.constant(1),
          retryAt: fc.oneof(instants, fc.constant(Infinity)),
        }),
        { nil: undefined },
      ),
    });
    const anyTerms = fc.record({
      skewMs: instants,
      refreshAheadMs: instants,
      jitterMs: instants,
      reuse: fc.constantFrom<ReusePolicy>('strict', 'harmless', 'unknown', { graceMs: 5 }),
      canAcquire: fc.boolean(),
    });
    const callers = fc.record({ minValidityMs: fc.integer({ min: 0, max: HOUR / 2 }), waitsUntil: instants });
    fc.assert(
      fc.property(helds, anyTerms, instants, callers, (held, under, now, caller) => {
        const decision = decide(held, under, now, caller);
        if (typeof decision === 'number') {
          expect(decision).toBe(held.failure?.retryAt);
          expect(decision > now && decision <= caller.waitsUntil).toBe(true);
        } else if (decision && 'access_token' in decision) {
          expect(now + caller.minValidityMs).toBeLessThan(decision.expires_at!);
        } else if (decision === null) {
          // No request before its time.
          expect(held.failure?.retryAt ?? 0).toBeLessThanOrEqual(now);
        }
      }),
    );
  });
});

describe('isEnough', () => {
  it.each([
    ['in its skew', credentials, HOUR - 1, asking(), true],
    ['that has ended', credentials, HOUR, asking(), false],
    ['too short for the caller', credentials, HOUR - 10, asking(10), false],
    ['just long enough for the caller', credentials, HOUR - 11, asking(10), true],
    ['that was rejected', rejected, 0, asking(), false],
    ['without an end', endless, 1e15, asking(1e9), true],
  ])('a token %s: %#', (_what, token, now, caller, expected) => {
    expect(isEnough(token, now, caller)).toBe(expected);
  });
});

describe('blockedUntil', () => {
  it.each<[string, Held, number, boolean, Terms?]>([
    ['before the next attempt', failed(down, 10), 9, true],
    ['when it is due', failed(down, 10), 10, false],
    ['when nothing has failed', { credentials }, 0, false],
    ['for good after a refusal', failed(refused, Infinity), 1e15, true],
    ['after a lost answer, until the token has ended', failed(lost, 10), HOUR - 1, true],
    ['no longer when it has', failed(lost, 10), HOUR, false],
    [
      'as well where nobody knows what a second use does',
      failed(lost, 10),
      HOUR - 1,
      true,
      { ...terms, reuse: 'unknown' },
    ],
    [
      'not after a lost answer where there is a grace',
      failed(lost, 10),
      10,
      false,
      { ...terms, reuse: { graceMs: 5 } },
    ],
    ['not after a lost answer whose repetition is harmless', failed(lost, 10), 10, false, harmless],
    [
      'not after a lost answer, for a server has rejected the token',
      failed(lost, 10, { credentials: rejected }),
      10,
      false,
    ],
    ['not after a lost first answer', failed(lost, 10, { credentials: null }), 10, false],
  ])('%s', (_when, held, now, expected, under = terms) => {
    expect(now < blockedUntil(held, under)).toBe(expected);
  });
});

describe('isServable', () => {
  it.each<[string, Held, number, boolean]>([
    ['a valid token', { credentials }, minutes(59) - 1, true],
    ['not one in its skew, for a better one will come', { credentials }, minutes(59), false],
    ['one in its skew, after a failure', failed(down, Infinity), HOUR - 1, true],
    ['not one that has ended', failed(down, Infinity), HOUR, false],
    ['nobody', { credentials: null }, 0, false],
    ['nothing', {}, 0, false],
  ])('%s', (_what, held, now, expected) => {
    expect(isServable(held, terms, now)).toBe(expected);
  });
});

describe('wakeAt', () => {
  it.each<[string, Held, number, Terms?]>([
    ['when the skew begins', { credentials }, minutes(59)],
    ['when the window in which one refreshes ahead begins', { credentials }, minutes(49), ahead],
    [
      'earlier by the drawn part of the jitter',
      { credentials, jitter: 0.5 },
      minutes(57),
      { ...terms, jitterMs: minutes(4) },
    ],
    ['never, for a token without an end', { credentials: endless }, Infinity],
    ['at the next attempt', failed(down, HOUR + 7), HOUR + 7],
    ['when the token is due, though an attempt would be allowed sooner', failed(down, 5), minutes(59)],
    ['no sooner than a second after the last refresh', { credentials, refreshedAt: HOUR }, HOUR + 1_000],
    ['after a lost answer, when the token has ended', failed(lost, minutes(59)), HOUR],
    [
      'after a lost answer whose repetition is harmless, at the next attempt',
      failed(lost, minutes(59) + 5),
      minutes(59) + 5,
      harmless,
    ],
    ['never after a refusal', failed(refused, 5), Infinity],
    ['never after a bug in a callback', failed(bug, 5), Infinity],
    ['at the next attempt, when the request was wrong', failed(misconfigured, HOUR), HOUR],
    ['never while nobody is signed in', { credentials: null }, Infinity],
    ['at once, where credentials can be acquired', { credentials: null }, -Infinity, acquiring],
    ['at the next attempt to acquire', failed(down, 7, { credentials: null }), 7, acquiring],
    ['never after a sign-out', { credentials: null, signedOut: true }, Infinity, acquiring],
    ['never while the store has not answered', {}, Infinity],
    ['when a store that could not be read is tried again', failed(down, 7, {}), 7],
  ])('%s', (_when, held, instant, under = terms) => {
    expect(wakeAt(held, under)).toBe(instant);
  });

  it('is never before an attempt is allowed, nor within a second of the last refresh', () => {
    const instants = fc.integer({ min: 0, max: 2 * HOUR });
    fc.assert(
      fc.property(
        instants,
        instants,
        fc.constantFrom(down, lost, misconfigured),
        (retryAt, refreshedAt, error) => {
          const at = wakeAt({ ...failed(error, retryAt), refreshedAt }, terms);
          expect(at).toBeGreaterThanOrEqual(Math.max(retryAt, refreshedAt + 1_000));
          expect(blockedUntil(failed(error, retryAt), terms)).toBeLessThanOrEqual(at);
        },
      ),
    );
  });
});

describe('judge', () => {
  const found = (more: Partial<Snapshot> = {}): Snapshot => ({ credentials, version: '1', ...more });
  const pending = { pair: 'p', sentAt: minutes(10), until: minutes(10.5), by: 'another' };
  const newer = { ...credentials, access_token: 'A2', expires_at: 2 * HOUR };
  const graceful: Terms = { ...terms, reuse: { graceMs: minutes(1) } };

  it.each<[string, Snapshot, Held['credentials'], number, Terms?]>([
    ['a newer token', found({ credentials: newer }), credentials, HOUR],
    ['a token, when nobody was signed in here', found(), null, 0],
    [
      'a newer token, although its refresh token is dead',
      found({ credentials: newer, dead: true }),
      credentials,
      HOUR,
    ],
    [
      'the same token for longer',
      found({ credentials: { ...credentials, expires_at: 2 * HOUR } }),
      credentials,
      HOUR,
    ],
    ['a sign-out', found({ credentials: null }), credentials, HOUR],
    [
      'a sign-out, though credentials could be acquired',
      found({ credentials: null }),
      credentials,
      HOUR,
      acquiring,
    ],
    ['that nobody is signed in', found({ credentials: null }), null, 0],
  ])('adopts %s', (_what, snapshot, stale, now, under = terms) => {
    expect(judge(snapshot, stale ?? null, under, now)).toBe('adopt');
  });

  it.each<[string, Snapshot, Held['credentials'], number, Terms?]>([
    ['what it set out to replace', found(), credentials, minutes(59)],
    ['the same token, still valid: a refresh was asked for', found(), credentials, 0],
    ['the same token for longer, when a server has rejected it', found(), rejected, minutes(20)],
    ['a newer token that is due as well', found({ credentials: newer }), credentials, 2 * HOUR - 1],
    ['nobody, where credentials can be acquired', found({ credentials: null }), null, 0, acquiring],
    ['a lost answer, when the token has ended', found({ pending }), credentials, HOUR],
    ['a lost answer, when a server has rejected the token', found({ pending }), rejected, minutes(20)],
    ['a lost answer whose repetition is harmless', found({ pending }), credentials, minutes(59), harmless],
    ['a lost answer within the grace', found({ pending }), credentials, minutes(11) - 1, graceful],
  ])('sends for %s', (_what, snapshot, stale, now, under = terms) => {
    expect(judge(snapshot, stale ?? null, under, now)).toBe('send');
  });

  it('fails for a dead refresh token, with what is known of it', () => {
    expect(judge(found({ dead: true }), credentials, terms, HOUR)).toMatchObject({
      code: 'refresh_rejected',
    });
    expect(judge(found({ dead: true, pending }), credentials, harmless, HOUR)).toMatchObject({
      code: 'rotation_lost',
      lostAt: pending.sentAt,
    });
  });

  it.each<[string, Terms]>([
    ['is revoked when it is used again', terms],
    ['nobody knows what happens to', { ...terms, reuse: 'unknown' }],
    ['is out of its grace', graceful],
  ])(
    'waits after a lost answer, while the token has not ended, when the refresh token %s',
    (_what, under) => {
      const verdict = judge(found({ pending }), credentials, under, minutes(11));
      expect(verdict).toMatchObject({ code: 'refresh_unavailable', ambiguous: true });
    },
  );
});

describe('hasEnded', () => {
  it.each([
    [credentials, null, HOUR - 1, false],
    [credentials, null, HOUR, true],
    [credentials, credentials, HOUR - 1, false],
    [credentials, rejected, 0, true],
    [rejected, credentials, 0, true],
    [endless, null, 1e15, false],
  ])('%#', (stored, stale, now, expected) => {
    expect(hasEnded(stored, stale, now)).toBe(expected);
  });
});

describe('isWithinGrace', () => {
  it.each<[string, number | undefined, ReusePolicy, number, boolean]>([
    ['within it', 10, { graceMs: 5 }, 14, true],
    ['when it is over', 10, { graceMs: 5 }, 15, false],
    ['when nothing was sent', undefined, { graceMs: 5 }, 0, false],
    ['where there is none', 10, 'strict', 10, false],
    ['where none is needed', 10, 'harmless', 10, false],
  ])('%s', (_when, sentAt, reuse, now, expected) => {
    expect(isWithinGrace(sentAt, reuse, now)).toBe(expected);
  });
});
