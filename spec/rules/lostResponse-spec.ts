import { describe, expect, it } from '@jest/globals';
import { createTokenManager, type RefreshRejectedError, type TokenManagerConfig } from 'rx-token';
import type { Fault, VirtualTime, VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf } from '../helpers/diary.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite, snapshotIn } from '../helpers/stored.js';

/** The server has rotated, and nobody here has heard of it. */
const lost: Fault = { commitThenDropReply: 'reset' };
const due = minutes(59);
const end = hours(1);

const sentAfterDue = ({ server }: VirtualTime) => server.log.map(({ at }) => at - due);
const steady: Partial<TokenManagerConfig> = { retry: () => seconds(2) };

function restarted({ server, store, scheduler }: VirtualTime, options: Partial<TokenManagerConfig> = {}) {
  return createTokenManager({ store, refresh: server.refresh, scheduler, ...steady, ...options });
}

describe("rule 13: a lost response is its own case, driven by the profile's reuse policy", () => {
  describe('harmless', () => {
    const config: VirtualTimeConfig = {
      manager: { ...steady, provider: 'microsoft' },
      server: { rotation: { graceMs: hours(9), kind: 'forking' } },
      untilMs: hours(1.5),
    };

    it(
      'retries with the usual backoff',
      inVirtualTime((time) => {
        time.server.faults.next(lost, lost);
        const tokens = diaryOf(time.manager.token$, time.scheduler);
        return () => {
          expect(sentAfterDue(time)).toEqual([0, 2_000, 4_000]);
          expect(tokens[1]![0]).toBe(due + 4_000);
        };
      }, config),
    );
  });

  describe('grace', () => {
    const patient = { ...steady, provider: 'okta' };
    const config: VirtualTimeConfig = {
      manager: patient,
      server: { rotation: { graceMs: seconds(30), kind: 'idempotent' } },
      untilMs: hours(1.5),
    };

    it(
      're-sends the same refresh token at once, while inside the window, and adopts what comes',
      inVirtualTime((time) => {
        time.server.faults.next(lost);
        const tokens = diaryOf(time.manager.token$, time.scheduler);
        return () => {
          expect(sentAfterDue(time)).toEqual([0, 0]);
          expect(tokens[1]).toEqual([due, 'A2']);
          expect(time.server.counters).toMatchObject({ forgiven: 1, reuses: 0 });
        };
      }, config),
    );

    it(
      'if that is lost too, goes on with the usual backoff while inside the window',
      inVirtualTime((time) => {
        time.server.faults.next(lost, lost, lost);
        const tokens = diaryOf(time.manager.token$, time.scheduler);
        return () => {
          expect(sentAfterDue(time).at(-1)).toBeLessThan(seconds(30));
          expect(tokens[1]![1]).toBe('A2');
          expect(time.server.counters.reuses).toBe(0);
        };
      }, config),
    );

    it(
      'outside of the window waits as a strict one does',
      inVirtualTime(
        (time) => {
          time.server.faults.next({ commitThenDropReply: 'hang' });
          time.manager.token$.subscribe();
          return () => expect(sentAfterDue(time).slice(0, 2)).toEqual([0, end - due]);
        },
        { ...config, manager: { ...patient, refreshTimeoutMs: seconds(30) } },
      ),
    );
  });

  describe.each(['strict', 'unknown'] as const)('%s', (reuse) => {
    const profile = { name: 'test', reuse };
    const config: VirtualTimeConfig = { manager: { ...steady, provider: profile }, untilMs: hours(1.5) };

    it(
      'serves the access token to its true end, and re-sends only then',
      inVirtualTime((time) => {
        const { manager, server, at } = time;
        server.faults.next(lost);
        const served: Promise<unknown>[] = [];
        manager.token$.subscribe();
        for (let ms = due; ms < end; ms += 1_000) at(ms, () => served.push(manager.getValidToken()));
        return async () => {
          expect(new Set(await Promise.all(served))).toEqual(new Set(['A1']));
          expect(sentAfterDue(time)).toEqual([0, end - due]);
        };
      }, config),
    );

    it(
      're-sends it for a caller that has nothing else, as one whose token was rejected',
      inVirtualTime((time) => {
        const { manager, server, at } = time;
        server.faults.next({ dropBeforeCommit: 'reset' });
        manager.token$.subscribe();
        const renewed: Promise<string>[] = [];
        at(due + seconds(10), () => renewed.push(manager.renew('A1')));
        return async () => {
          expect(sentAfterDue(time)).toEqual([0, 10_000]);
          expect(await renewed[0]).toBe('A2');
        };
      }, config),
    );

    it(
      'and then with the usual backoff',
      inVirtualTime((time) => {
        time.server.faults.next(...Array<Fault>(3).fill({ dropBeforeCommit: 'reset' }));
        time.manager.token$.subscribe();
        return () => expect(sentAfterDue(time)).toEqual([0, end - due, end - due + 2_000, end - due + 4_000]);
      }, config),
    );

    it(
      'a request that never arrived costs nothing: the late retry brings the new token',
      inVirtualTime((time) => {
        time.server.faults.next({ dropBeforeCommit: 'reset' });
        const tokens = diaryOf(time.manager.token$, time.scheduler);
        return () => {
          expect(tokens[1]).toEqual([end, 'A2']);
          expect(time.server.counters.reuses).toBe(0);
        };
      }, config),
    );

    it(
      'a denial then is reported as rotation lost, with the time of the lost attempt, once',
      inVirtualTime(({ manager, server, scheduler, at }) => {
        server.faults.next(lost);
        const events = diaryOf(manager.events$, scheduler, (event) =>
          'error' in event ? [event.type, event.error.code] : event.type,
        );
        manager.token$.subscribe();
        const errors: RefreshRejectedError[] = [];
        at(end + seconds(10), () =>
          manager.getValidToken().catch((error: unknown) => errors.push(error as RefreshRejectedError)),
        );
        return async () => {
          await Promise.resolve();
          expect(events.map(([, event]) => event)).toEqual(
            [
              'loaded',
              'refresh-started',
              ['refresh-failed', 'refresh_unavailable'],
              'refresh-started',
              ['reauthentication-required', 'rotation_lost'],
            ].slice(events.length - 5),
          );
          expect(errors).toMatchObject([{ code: 'rotation_lost', lostAt: due }]);
          expect(server.counters.requests).toBe(2);
        };
      }, config),
    );

    it(
      'a denial after the provider was down in between is still reported as rotation lost',
      inVirtualTime(({ manager, server, at }) => {
        server.faults.next(lost, { status: 503 });
        manager.token$.subscribe();
        const errors: RefreshRejectedError[] = [];
        at(end + seconds(30), () =>
          manager.getValidToken().catch((error: unknown) => errors.push(error as RefreshRejectedError)),
        );
        return async () => {
          await Promise.resolve();
          expect(errors).toMatchObject([{ code: 'rotation_lost', lostAt: due }]);
        };
      }, config),
    );

    describe('the journal tells the next process', () => {
      it(
        'that it has to wait while the access token lasts',
        inVirtualTime((time) => {
          const { manager, server, at, scheduler } = time;
          server.faults.next({ dropBeforeCommit: 'reset' });
          manager.token$.subscribe();
          at(due + seconds(10), () => {
            manager.dispose();
            const next = restarted(time, { provider: profile });
            const tokens = diaryOf(next.token$, scheduler);
            const served = diaryOf(next.validToken$, scheduler);
            at(end + 1, () => {
              expect(served).toEqual([[due + seconds(10), 'A1']]);
              expect(tokens).toEqual([
                [due + seconds(10), 'A1'],
                [end, 'A2'],
              ]);
              expect(sentAfterDue(time)).toEqual([0, end - due]);
              next.dispose();
            });
          });
        }, config),
      );

      it(
        'what was lost, and when',
        inVirtualTime(
          (time) => {
            const { manager, server, at } = time;
            server.faults.next(lost);
            manager.token$.subscribe();
            const errors: unknown[] = [];
            at(due + seconds(10), () => manager.dispose());
            at(hours(2), () => {
              const next = restarted(time, { provider: profile });
              next.validToken$.subscribe({ error: (error: unknown) => errors.push(error) });
              at(hours(3), () => next.dispose());
            });
            return () => {
              expect(errors).toMatchObject([{ code: 'rotation_lost', lostAt: due }]);
              expect(server.counters.requests).toBe(2);
            };
          },
          { ...config, untilMs: hours(4) },
        ),
      );

      it(
        'and every process after that: nobody sends it again, and all tell the same',
        inVirtualTime(
          (time) => {
            const { manager, server, at } = time;
            server.faults.next(lost);
            const errors: unknown[] = [];
            manager.token$.subscribe();
            at(hours(2), () => manager.dispose());
            at(hours(3), () => {
              const next = restarted(time, { provider: profile });
              next.validToken$.subscribe({ error: (error: unknown) => errors.push(error) });
              next.dispose();
            });
            return () => {
              expect(errors).toMatchObject([{ code: 'rotation_lost', lostAt: due }]);
              expect(server.counters.requests).toBe(2);
            };
          },
          { ...config, untilMs: hours(4) },
        ),
      );
    });

    it(
      'it is void as soon as anybody stores another pair',
      inVirtualTime((time) => {
        const { manager, server, store, at } = time;
        server.faults.next(lost);
        manager.token$.subscribe();
        at(due + seconds(10), () => {
          expect(snapshotIn(store).pending).toMatchObject({ sentAt: due });
          overwrite(store, { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) });
          expect(snapshotIn(store).pending).toBeUndefined();
        });
      }, config),
    );
  });

  describe('what is not a lost response leaves no journal behind', () => {
    it.each<[string, Fault]>([
      ['503', { status: 503 }],
      ['429', { status: 429 }],
      ['invalid_client', { status: 401, body: { error: 'invalid_client' } }],
    ])('%s', (_what, fault) =>
      inVirtualTime(
        ({ manager, server, store, at }) => {
          server.faults.next(fault);
          manager.token$.subscribe();
          at(due + 1, () => expect(snapshotIn(store).pending).toBeUndefined());
        },
        { manager: { ...steady, provider: 'auth0' }, untilMs: due + 2 },
      )(),
    );

    it(
      'a plain denial: who comes later is told of a refusal, and of nothing lost',
      inVirtualTime(
        (time) => {
          const { manager, server, at } = time;
          server.revoke('R1');
          const errors: unknown[] = [];
          at(hours(2), () => manager.getValidToken().catch(codeOf));
          at(hours(3), () => {
            const next = restarted(time, { provider: 'auth0' });
            next.validToken$.subscribe({ error: (error: unknown) => errors.push(codeOf(error)) });
            next.dispose();
          });
          return () => expect(errors).toEqual(['refresh_rejected']);
        },
        { manager: { provider: 'auth0' }, untilMs: hours(4) },
      ),
    );
  });

  it.each<[string, Fault]>([
    ['a truncated answer', { body: (answer: unknown) => JSON.stringify(answer).slice(0, 30) }],
    ['HTML with status 200', { status: 200, body: '<html>', commits: true }],
    [
      'an answer without an access token',
      { body: (answer: object) => ({ ...answer, access_token: undefined }) },
    ],
    ['an answer with a blank access token', { body: (answer: object) => ({ ...answer, access_token: ' ' }) }],
    ['no answer at all', { commitThenDropReply: 'hang' }],
    ['a lost connection', lost],
  ])('%s is a lost response', (_what, fault) =>
    inVirtualTime(
      ({ manager, server }) => {
        server.faults.next(fault);
        const errors: unknown[] = [];
        manager.token$.subscribe();
        manager.events$.subscribe((event) => event.type === 'refresh-failed' && errors.push(event.error));
        return () => {
          expect(errors).toMatchObject([{ code: 'refresh_unavailable', ambiguous: true }]);
          expect(server.log.map(({ at }) => at)).toEqual([due]);
        };
      },
      { manager: { provider: 'auth0' }, untilMs: end - 1 },
    )(),
  );

  it(
    'never signs anyone out by itself',
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        server.faults.always({ dropBeforeCommit: 'reset' });
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        const held = diaryOf(manager.credentials$, scheduler, (now) => now?.refresh_token);
        return () => {
          expect(new Set(states.map(([, status]) => status))).toEqual(
            new Set(['valid', 'refreshing', 'retrying']),
          );
          expect(held).toEqual([[0, 'R1']]);
        };
      },
      { manager: { provider: 'auth0' }, untilMs: hours(8) },
    ),
  );
});
