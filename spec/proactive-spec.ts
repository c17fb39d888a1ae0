import { describe, expect, it } from '@jest/globals';
import { BehaviorSubject, defer, of, tap } from 'rxjs';
import type { Terms } from '../src/decide.js';
import { RefreshRejectedError, RefreshUnavailableError } from '../src/errors.js';
import type { Held } from '../src/held.js';
import { proactive } from '../src/proactive.js';
import { marbles } from './helpers/marbles.js';

const terms: Terms = { skewMs: 0, refreshAheadMs: 0, jitterMs: 0, reuse: 'unknown', canAcquire: false };
const due = (expires_at: number): Held => ({ credentials: { access_token: 'A1', expires_at } });
const retrying = (retryAt: number): Held => ({
  ...due(0),
  failure: { error: new RefreshUnavailableError('Down'), attempt: 1, retryAt },
});

describe('proactive', () => {
  it(
    'refreshes when the token is due, and emits nothing',
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const attempt = cold('      --s|');
      const attempts = '     -----^--!';
      expectObservable(proactive(new BehaviorSubject(due(5)), terms, attempt, scheduler)).toBe('');
      expectSubscriptions(attempt.subscriptions).toBe(attempts);
    }),
  );

  it(
    'refreshes at the next tick when it was due before',
    marbles(({ scheduler, cold, expectSubscriptions }) => {
      const attempt = cold('--s|');
      proactive(new BehaviorSubject(due(0)), terms, attempt, scheduler).subscribe();
      expectSubscriptions(attempt.subscriptions).toBe('^--!');
    }),
  );

  it(
    'follows what is held',
    marbles(({ scheduler, hot, cold, expectSubscriptions }) => {
      const held = hot('          a-b---------c', { a: due(4), b: due(9), c: due(14) });
      const attempt = cold('               -s|');
      const attempts = ['         ---------^-!', '--------------^-!'];
      proactive(held, terms, attempt, scheduler).subscribe();
      expectSubscriptions(held.subscriptions).toBe('^');
      expectSubscriptions(attempt.subscriptions).toBe(attempts.map((marble) => marble.trim()));
    }),
  );

  it(
    'tries again when that is allowed',
    marbles(({ scheduler, hot, cold, expectSubscriptions }) => {
      const held = hot('      a---b', { a: due(3), b: retrying(8) });
      const attempt = cold('     -#');
      const attempts = ['     ---^!', '--------^!'];
      proactive(held, terms, attempt, scheduler).subscribe();
      expectSubscriptions(attempt.subscriptions).toBe(attempts.map((marble) => marble.trim()));
    }),
  );

  it(
    'sees an attempt through, whatever becomes due in the meantime',
    marbles(({ scheduler, hot, cold, expectSubscriptions }) => {
      const held = hot('      a--b------', { a: due(2), b: due(4) });
      const attempt = cold('    ------s|');
      proactive(held, terms, attempt, scheduler).subscribe();
      expectSubscriptions(attempt.subscriptions).toBe('--^------!');
    }),
  );

  it(
    'does not plan by what is held while a refresh is under way',
    marbles(({ scheduler, hot, cold, expectSubscriptions }) => {
      const held = hot('      a----b----', { a: { ...due(2), refreshing: true }, b: due(8) });
      const attempt = cold('          -s|');
      proactive(held, terms, attempt, scheduler).subscribe();
      expectSubscriptions(attempt.subscriptions).toBe('--------^-!');
    }),
  );

  it.each<[string, Held]>([
    ['a token without an end', { credentials: { access_token: 'A1' } }],
    ['nobody', { credentials: null }],
    ['nothing yet', {}],
    [
      'a refusal',
      { ...due(0), failure: { error: new RefreshRejectedError(), attempt: 1, retryAt: Infinity } },
    ],
  ])('waits for ever with %s', (_what, held) =>
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const attempt = cold('-s|');
      expectObservable(proactive(new BehaviorSubject(held), terms, attempt, scheduler)).toBe('');
      scheduler.flush();
      expectSubscriptions(attempt.subscriptions).toBe([]);
      expect(scheduler.actions).toEqual([]);
    })(),
  );

  it(
    'leaves everything when it is left, waiting or not',
    marbles(({ scheduler, hot, cold, expectObservable, expectSubscriptions }) => {
      const waiting = hot('   a-----', { a: due(5) });
      const trying = hot('    a-----', { a: due(1) });
      const attempt = cold('  -----s|');
      const leave = '         ---!';
      expectObservable(proactive(waiting, terms, attempt, scheduler), leave).toBe('');
      expectObservable(proactive(trying, terms, attempt, scheduler), leave).toBe('');
      expectSubscriptions(waiting.subscriptions).toBe('^--!');
      expectSubscriptions(attempt.subscriptions).toBe('-^-!');
    }),
  );

  it(
    'goes round when an attempt moves what is held, synchronously too',
    marbles(({ scheduler }) => {
      const held$ = new BehaviorSubject(due(2));
      const attempts: number[] = [];
      const attempt$ = defer(() => of(scheduler.now())).pipe(
        tap((now) => {
          attempts.push(now);
          if (now < 6) held$.next(due(now + 2));
        }),
      );
      proactive(held$, terms, attempt$, scheduler).subscribe();
      scheduler.flush();
      expect(attempts).toEqual([2, 4, 6]);
    }),
  );
});
