import { describe, expect, it } from '@jest/globals';
import { NEVER, Observable } from 'rxjs';
import { createTokenManager, type CredentialStore } from 'rx-token';
import { seededRandom, type Fault } from 'rx-token/testing';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { storedIn, touch } from '../helpers/stored.js';

describe('E1: merging, three times over', () => {
  const answers: [string, Fault][] = [
    ['absent', { omitRefreshToken: true }],
    ['""', { blankRefreshToken: true }],
    ['null', { omitRefreshToken: true, body: (sent: object) => ({ ...sent, refresh_token: null }) }],
    ['"  "', { omitRefreshToken: true, body: (sent: object) => ({ ...sent, refresh_token: '  ' }) }],
  ];

  it.each(answers)(
    'a refresh_token that is %s keeps the one that is held, with scope, id_token and what else there is',
    (_what, fault) =>
      scenario(
        ({ manager, store, server }) => {
          touch(store, { scope: 'read', id_token: 'I1', tenant: 7 });
          server.faults.always(fault);
          manager.token$.subscribe();
          return () => {
            expect(storedIn(store)).toMatchObject({
              access_token: A(4),
              refresh_token: R(1),
              scope: 'read',
              id_token: 'I1',
              tenant: 7,
            });
          };
        },
        { judge: { presentedAtMost: 3 }, untilMs: 3 * minutes(59) + 1 },
      )(),
  );

  it(
    'a new one replaces it, each time',
    scenario(
      ({ manager, store }) => {
        manager.token$.subscribe();
        return () => expect(storedIn(store)).toMatchObject({ access_token: A(4), refresh_token: R(4) });
      },
      { untilMs: 3 * minutes(59) + 1 },
    ),
  );

  it(
    "a new sign-in without one does not inherit the old account's",
    scenario(
      ({ manager, store, at }) => {
        at(5, () => void manager.set({ access_token: 'b', expires_in: 3600 }));
        return () => expect(storedIn(store)).not.toHaveProperty('refresh_token');
      },
      { untilMs: 100 },
    ),
  );
});

describe('E4: duplicates', () => {
  it('subscribing and unsubscribing a hundred times leaves one timer, one watcher', () => {
    let watchers = 0;
    let mostWatchers = 0;
    const watched = (store: CredentialStore): CredentialStore => ({
      ...store,
      changes$: new Observable(() => {
        mostWatchers = Math.max(mostWatchers, ++watchers);
        return () => {
          watchers--;
        };
      }),
    });
    return scenario(
      ({ manager, scheduler, server }) => {
        for (let n = 0; n < 100; n++) manager.token$.subscribe().unsubscribe();
        manager.token$.subscribe();
        manager.token$.subscribe();
        expect(scheduler.actions.filter(({ closed }) => !closed)).toHaveLength(1);
        expect(mostWatchers).toBe(1);
        return () => expect(server.counters.requests).toBe(2);
      },
      { manager: ({ store }) => ({ store: watched(store) }), untilMs: hours(2) },
    )();
  });

  it(
    'two managers on one store refresh once for each expiry',
    scenario(
      ({ manager, another, server }) => {
        manager.token$.subscribe();
        another().token$.subscribe();
        return () => expect(server.counters.requests).toBe(10);
      },
      { untilMs: 10 * minutes(59) + 1 },
    ),
  );

  it(
    'a thousand refreshes leave one timer, and nothing that waits',
    scenario(
      ({ manager, server, scheduler, at }) => {
        manager.token$.subscribe();
        at(seconds(5_000), () =>
          expect(scheduler.actions.filter(({ closed }) => !closed).length).toBeLessThan(4),
        );
        return () => expect(server.counters.requests).toBeGreaterThanOrEqual(1_000);
      },
      { server: { accessTokenLifetimeMs: seconds(10) }, untilMs: seconds(5_001) },
    ),
  );
});

describe('E8: jitter', () => {
  it(
    'hundreds of instances with the same expiry spread over the window, none later than the deadline',
    scenario(
      ({ server, scheduler, at }) => {
        const asked: number[] = [];
        const all = Array.from({ length: 300 }, (_, n) => {
          const tokens = createTokenManager({
            scheduler,
            random: seededRandom(n),
            jitterMs: minutes(10),
            refresh: () => (asked.push(scheduler.now()), NEVER),
          });
          at(0, () => void tokens.set(server.signIn()));
          at(minutes(49) - 1, () => tokens.token$.subscribe());
          return tokens;
        });
        return () => {
          expect(asked).toHaveLength(300);
          expect(Math.max(...asked)).toBeLessThanOrEqual(minutes(59));
          expect(Math.min(...asked)).toBeGreaterThanOrEqual(minutes(49));
          const inEachMinute = Array.from({ length: 10 }, () => 0);
          for (const at of asked) inEachMinute[Math.min(9, Math.floor(at / minutes(1)) - 49)]!++;
          expect(Math.min(...inEachMinute)).toBeGreaterThan(15);
          expect(Math.max(...inEachMinute)).toBeLessThan(50);
          for (const tokens of all) tokens.dispose();
        };
      },
      { untilMs: minutes(59) + 1 },
    ),
  );
});
