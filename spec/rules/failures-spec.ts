import { describe, expect, it } from '@jest/globals';
import { map, Subject, throwError } from 'rxjs';
import {
  ConfigurationError,
  type Credentials,
  type CredentialStore,
  RefreshRejectedError,
  RefreshUnavailableError,
  TokenError,
  type TokenManager,
} from 'rx-token';
import type { Fault } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { days, hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite } from '../helpers/stored.js';

const down: Fault = { status: 503 };
const after = (value: string): Fault => ({ status: 429, headers: { 'retry-after': value } });

describe('rule 7: failure reaches everyone who waited, typed', () => {
  it.each<[string, Fault, abstract new (...args: never[]) => TokenError, string]>([
    ['status 503', down, RefreshUnavailableError, 'refresh_unavailable'],
    [
      'status 500 with an invalid_grant',
      { status: 500, body: { error: 'invalid_grant' } },
      RefreshUnavailableError,
      'refresh_unavailable',
    ],
    ['status 429', { status: 429 }, RefreshUnavailableError, 'refresh_unavailable'],
    ['status 408', { status: 408 }, RefreshUnavailableError, 'refresh_unavailable'],
    ['a lost connection', { dropBeforeCommit: 'reset' }, RefreshUnavailableError, 'refresh_unavailable'],
    ['no answer', { dropBeforeCommit: 'hang' }, RefreshUnavailableError, 'refresh_unavailable'],
    [
      'invalid_client',
      { status: 401, body: { error: 'invalid_client' } },
      ConfigurationError,
      'configuration',
    ],
    [
      'unauthorized_client',
      { status: 400, body: { error: 'unauthorized_client' } },
      ConfigurationError,
      'configuration',
    ],
    [
      'unsupported_grant_type',
      { status: 400, body: { error: 'unsupported_grant_type' } },
      ConfigurationError,
      'configuration',
    ],
    ['invalid_scope', { status: 400, body: { error: 'invalid_scope' } }, ConfigurationError, 'configuration'],
    [
      'invalid_grant',
      { status: 400, body: { error: 'invalid_grant' } },
      RefreshRejectedError,
      'refresh_rejected',
    ],
    [
      'invalid_grant with status 200',
      { status: 200, body: { error: 'invalid_grant' } },
      RefreshRejectedError,
      'refresh_rejected',
    ],
  ])('for %s', (_what, fault, Class, code) =>
    inVirtualTime(
      ({ manager, server, at }) => {
        server.faults.always(fault);
        const errors: unknown[] = [];
        at(hours(2), () => {
          manager.validToken$.subscribe({ error: (error: unknown) => errors.push(error) });
          manager.renewal('A1').subscribe({ error: (error: unknown) => errors.push(error) });
          for (const promise of [manager.getValidToken(), manager.getCredentials(), manager.renew('A1')])
            promise.catch((error: unknown) => errors.push(error));
        });
        return async () => {
          await Promise.resolve();
          expect(errors).toHaveLength(5);
          for (const error of errors) {
            expect(error).toBeInstanceOf(Class);
            expect(error).toBeInstanceOf(TokenError);
            expect(codeOf(error)).toBe(code);
          }
          expect(server.counters.requests).toBe(1);
        };
      },
      { untilMs: hours(2) + minutes(1), server: { latencyMs: 100 }, manager: { maxWaitMs: 0 } },
    )(),
  );

  describe('until retryAt no request is sent by anyone here', () => {
    const steady = { manager: { retry: () => seconds(4) }, untilMs: hours(2) + minutes(1) };

    it(
      'however many call, and in whatever way',
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.always(down);
          manager.token$.subscribe();
          for (let ms = 0; ms < seconds(12); ms += 50) {
            at(hours(2) + ms, () => manager.getValidToken().catch(codeOf));
            at(hours(2) + ms, () => manager.renew('A1').catch(codeOf));
          }
          return () => {
            const times = server.log.map(({ at }) => at).filter((at) => at >= minutes(59));
            expect(Math.min(...times.slice(1).map((at, n) => at - times[n]!))).toBe(seconds(4));
          };
        },
        { ...steady, manager: { ...steady.manager, maxWaitMs: 0 } },
      ),
    );

    it(
      'callers with an unexpired token are served it',
      inVirtualTime(({ manager, server, expectObservable }) => {
        server.faults.always(down);
        expectObservable(manager.validToken$, '59m       ^').toBe('59m       (a|)', { a: 'A1' });
        expectObservable(manager.validToken$, '59m    1s ^').toBe('59m    1s (a|)', { a: 'A1' });
        expectObservable(manager.validToken$, '59m 3999ms ^').toBe('59m 3999ms (a|)', { a: 'A1' });
        return () => expect(server.counters.requests).toBe(1);
      }, steady),
    );

    it(
      'others wait for the next attempt if retryAt lies within maxWaitMs of their own call',
      inVirtualTime(({ manager, server, expectObservable }) => {
        server.faults.next(down);
        expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m (e|)', {
          e: 'refresh_unavailable',
        });
        expectObservable(outcome(manager.validToken$), '120m 1s ^').toBe('120m 4s (b|)', { b: 'A2' });
        expectObservable(outcome(manager.validToken$), '120m 2s ^').toBe('120m 4s (b|)', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(2);
      }, steady),
    );

    it(
      'and else fail at once, with the retryAt that is too far away',
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.next(down);
          const failed: unknown[] = [];
          const ask = () =>
            manager.validToken$.subscribe({
              error: (error: unknown) => failed.push([codeOf(error), (error as TokenError).retryAt]),
            });
          at(hours(2), ask);
          at(hours(2) + 1_999, ask);
          at(hours(2) + 2_000, () =>
            expect(failed).toEqual([
              ['refresh_unavailable', hours(2) + seconds(4)],
              ['refresh_unavailable', hours(2) + seconds(4)],
            ]),
          );
          at(hours(2) + 2_000, ask);
          return () => {
            expect(failed).toHaveLength(2);
            expect(server.counters.requests).toBe(2);
          };
        },
        { ...steady, manager: { ...steady.manager, maxWaitMs: 2_000 } },
      ),
    );

    it(
      'the timer tries again at retryAt while token$ has subscribers, and not without them',
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.always(down);
          const subscription = manager.token$.subscribe();
          at(minutes(59) + seconds(10), () => subscription.unsubscribe());
          return () => expect(server.log.map(({ at }) => at - minutes(59))).toEqual([0, 4_000, 8_000]);
        },
        { ...steady, untilMs: minutes(61) },
      ),
    );
  });

  it(
    'a waiting caller is served by a sign-in that comes before the next attempt',
    inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        server.faults.next(down);
        at(hours(2), () => manager.getValidToken().catch(codeOf));
        at(hours(2) + seconds(3), () => void manager.set(server.signIn()));
        expectObservable(outcome(manager.validToken$), '120m 1s ^').toBe('120m 3s (b|)', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(1);
      },
      { manager: { retry: () => seconds(4) } },
    ),
  );

  describe('Retry-After moves retryAt', () => {
    it.each<[string, (manager: TokenManager, hint: () => void) => void]>([
      ['at a hint', (_manager, hint) => hint()],
      ['after a 401', (manager) => manager.renewal('A1').subscribe({ error: () => undefined })],
    ])('also where the store cannot be read meanwhile: %s', (_when, look) => {
      const reading = { isDown: false };
      const hints$ = new Subject<void>();
      const flaky = (store: CredentialStore): CredentialStore => ({
        ...store,
        changes$: hints$,
        read: () => (reading.isDown ? throwError(() => new Error('down')) : store.read()),
      });
      return inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.always(after('1200'));
          manager.token$.subscribe();
          at(minutes(59) + seconds(5), () => {
            reading.isDown = true;
            look(manager, () => hints$.next());
          });
          at(minutes(59) + seconds(6), () => (reading.isDown = false));
          return () => expect(server.counters.requests).toBe(1);
        },
        { manager: ({ store }) => ({ store: flaky(store) }), untilMs: hours(1) + minutes(15) },
      )();
    });

    const retryAfter = (fault: Fault, options = {}) => {
      let times: number[] = [];
      void inVirtualTime(
        ({ manager, server }) => {
          server.faults.next(fault);
          manager.token$.subscribe();
          return () => (times = server.log.map(({ at }) => at - minutes(59)));
        },
        { manager: { retry: () => seconds(2), ...options }, untilMs: hours(2) },
      )();
      return times[1]!;
    };

    it.each([
      ['seconds', '7', 7_000],
      ['a date', new Date(minutes(59) + 7_000).toUTCString(), 7_000],
      ['less than the backoff', '1', 2_000],
      ['0', '0', 2_000],
      ['a date in the past', new Date(0).toUTCString(), 2_000],
      ['garbage', 'when it is ready', 2_000],
      ['nothing', '', 2_000],
      ['a negative number', '-5', 2_000],
      ['more than an hour, which is the cap', '99999', hours(1)],
    ])('told as %s', (_what, value, delayMs) => {
      expect(retryAfter(after(value))).toBe(delayMs);
    });

    it('of a 503 as of a 429', () => {
      expect(retryAfter({ ...after('7'), status: 503 })).toBe(7_000);
    });

    it('and is honoured by callers too', () =>
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.next(after('30'));
          for (let ms = 0; ms < minutes(1); ms += 500)
            at(hours(2) + ms, () => manager.getValidToken().catch(codeOf));
          return () => expect(server.log.map(({ at }) => at - hours(2))).toEqual([0, seconds(30)]);
        },
        { untilMs: hours(2) + minutes(2) },
      )());
  });

  it('the default backoff is exponential from 0.5 s to 60 s, and jittered', () => {
    const delays = (seed: number): number[] => {
      const started: number[] = [];
      void inVirtualTime(
        ({ manager, server }) => {
          server.faults.always(down);
          manager.token$.subscribe();
          return () => started.push(...server.log.map(({ at }) => at));
        },
        { seed, untilMs: minutes(70) },
      )();
      return started.slice(1).map((at, n) => at - started[n]!);
    };
    const [one, other] = [delays(1), delays(2)];

    expect(one).not.toEqual(other);
    for (const delayMs of [...one, ...other]) {
      expect(delayMs).toBeGreaterThanOrEqual(500);
      expect(delayMs).toBeLessThanOrEqual(60_000);
    }
    expect(one[0]).toBeLessThanOrEqual(1_000);
    expect(one.at(-1)).toBeGreaterThanOrEqual(30_000);
  });

  it(
    'the retry option is told the attempt, the error and the chance, and decides the delay',
    inVirtualTime(
      ({ manager, server }) => {
        server.faults.always(down);
        manager.token$.subscribe();
        return () =>
          expect(server.log.map(({ at }) => at - minutes(59))).toEqual([0, 1_000, 3_000, 6_000, 10_000]);
      },
      {
        manager: {
          retry: (attempt, error, random) => {
            expect(error).toBeInstanceOf(RefreshUnavailableError);
            expect(random()).toBeLessThan(1);
            return attempt * 1_000;
          },
        },
        untilMs: minutes(59) + seconds(12),
      },
    ),
  );

  it.each([NaN, -1, Infinity, undefined, 'soon'])(
    'a retry option that answers %p falls back to the default',
    (answer) =>
      inVirtualTime(
        ({ manager, server }) => {
          server.faults.next(down);
          manager.token$.subscribe();
          return () => {
            const [, second] = server.log.map(({ at }) => at - minutes(59));
            expect(second).toBeGreaterThanOrEqual(500);
            expect(second).toBeLessThanOrEqual(1_000);
          };
        },
        { manager: { retry: () => answer as number }, untilMs: minutes(61) },
      )(),
  );

  it(
    'the count of attempts starts anew after a success',
    inVirtualTime(
      ({ manager, server }) => {
        server.faults.next(down, down, {}, down);
        const attempts: number[] = [];
        manager.token$.subscribe();
        manager.events$.subscribe(
          (event) => event.type === 'refresh-started' && attempts.push(event.attempt),
        );
        return () => expect(attempts).toEqual([1, 2, 3, 1, 2]);
      },
      { untilMs: hours(2) },
    ),
  );

  describe('a refusal of the client, ConfigurationError', () => {
    const refused: Fault = { status: 401, body: { error: 'invalid_client' } };

    it(
      'keeps the credentials, and is retried at the slowest backoff',
      inVirtualTime(
        ({ manager, server, scheduler }) => {
          server.faults.next(refused, refused, refused);
          const held = diaryOf(manager.credentials$, scheduler, (credentials) => credentials?.refresh_token);
          manager.token$.subscribe();
          return () => {
            expect(server.log.map(({ at }) => at - minutes(59))).toEqual([0, 60_000, 120_000, 180_000]);
            expect(held).toEqual([
              [0, 'R1'],
              [minutes(62), 'R2'],
            ]);
          };
        },
        { untilMs: minutes(70) },
      ),
    );
  });

  describe('a refused refresh token, RefreshRejectedError', () => {
    it(
      'keeps the record, serves the access token to its true end, and sends nothing more',
      inVirtualTime(
        ({ manager, server, scheduler, at, expectObservable }) => {
          server.revoke('R1');
          const record = diaryOf(manager.credentials$, scheduler, (held) => held?.access_token);
          manager.token$.subscribe();
          expectObservable(manager.validToken$, '59m 59s  ^').toBe('59m 59s  (a|)', { a: 'only token' });
          expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m (e|)', { e: 'refresh_rejected' });
          at(days(1), () => manager.getValidToken().catch(codeOf));
          return () => {
            expect(server.counters.requests).toBe(1);
            expect(record).toEqual([[0, 'only token']]);
          };
        },
        {
          initial: { access_token: 'only token', refresh_token: 'R1', expires_at: hours(1) },
          untilMs: days(1),
        },
      ),
    );

    it(
      'lasts until set()',
      inVirtualTime(
        ({ manager, server, scheduler, at }) => {
          server.revoke('R1');
          const tokens = diaryOf(manager.token$, scheduler);
          const states = diaryOf(manager.state$.pipe(map(({ status }) => status)), scheduler);
          at(hours(5), () => void manager.set(server.signIn()));
          return () => {
            expect(tokens.slice(1, 3)).toEqual([
              [hours(5), 'A2'],
              [hours(6) - minutes(1), 'A3'],
            ]);
            expect(states.slice(0, 4)).toEqual([
              [0, 'valid'],
              [minutes(59), 'refreshing'],
              [minutes(59) + 500, 'reauthentication-required'],
              [hours(5), 'valid'],
            ]);
          };
        },
        { untilMs: hours(6) },
      ),
    );

    it(
      "lasts until a sibling's write",
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          server.revoke('R1');
          const tokens = diaryOf(manager.token$, scheduler);
          const signedIn = { ...server.signIn(), expires_at: hours(6) } as Credentials;
          at(hours(5), () => overwrite(store, signedIn));
          return () =>
            expect(tokens).toEqual([
              [0, 'A1'],
              [hours(5), 'A2'],
              [hours(6) - minutes(1), 'A3'],
            ]);
        },
        { untilMs: hours(6) },
      ),
    );
  });
});
