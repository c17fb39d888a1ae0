import { describe, expect, it } from '@jest/globals';
import { map, merge, mergeMap, range, timer, toArray } from 'rxjs';
import { createTokenManager } from 'rx-token';
import type { FakeAuthorizationServer } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite, storedIn, touch, unheard } from '../helpers/stored.js';

const slow = { server: { latencyMs: seconds(1) } };

describe('rule 14: renew(rejected) is the whole path of a 401', () => {
  it(
    'is the current token another one? It is used, without a request',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        manager.token$.subscribe();
        expectObservable(manager.renewal('A1'), '70m ^').toBe('70m (b|)', { b: 'A2' });
        expectObservable(manager.renewal('A0'), '70m ^').toBe('70m (b|)', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(1);
      },
      { untilMs: hours(1.5) },
    ),
  );

  it(
    'does the store hold another one? It is adopted, without a request',
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        manager.credentials$.subscribe();
        at(minutes(9), () =>
          overwrite(store, { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) }),
        );
        expectObservable(manager.renewal('A1'), '10m ^').toBe('10m (t|)', { t: 'theirs' });
        return () => expect(server.counters.requests).toBe(0);
      },
      { manager: ({ store }) => ({ store: unheard(store) }) },
    ),
  );

  it(
    'else one refresh is forced, whatever the local clock says',
    inVirtualTime(({ manager, server, expectObservable }) => {
      expectObservable(manager.renewal('A1'), '10m ^').toBe('10m 1s (b|)', { b: 'A2' });
      return () => expect(server.counters.requests).toBe(1);
    }, slow),
  );

  it(
    'and shared by everyone who was rejected with that token',
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        at(minutes(10), () => {
          const hundred$ = merge(range(0, 100).pipe(mergeMap(() => manager.renewal('A1')))).pipe(toArray());
          const renewed = diaryOf(hundred$, scheduler);
          at(minutes(10) + 999, () => void manager.renew('A1'));
          at(minutes(20), () => expect(renewed).toEqual([[minutes(10) + 1_000, Array(100).fill('A2')]]));
        });
        return () => expect(server.counters.requests).toBe(1);
      },
      { ...slow, untilMs: minutes(30) },
    ),
  );

  it(
    'a 401 that comes late, for a token that was replaced long ago, costs nothing',
    inVirtualTime(
      ({ manager, server, at }) => {
        const renewed: Promise<string>[] = [];
        at(minutes(10), () => renewed.push(manager.renew('A1')));
        for (const ms of [1, 10, 100, 1_000, 10_000])
          at(minutes(11) + ms, () => renewed.push(manager.renew('A1')));
        return async () => {
          expect(await Promise.all(renewed)).toEqual(Array(6).fill('A2'));
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: minutes(30) },
    ),
  );

  it(
    'works before anything was loaded',
    inVirtualTime(({ manager, server, expectObservable }) => {
      expectObservable(manager.renewal('A1')).toBe('1s (b|)', { b: 'A2' });
      expectObservable(manager.renewal('A0'), '2s ^').toBe('2s (b|)', { b: 'A2' });
      return () => expect(server.counters.requests).toBe(1);
    }, slow),
  );

  it(
    'a refresh under way already is not answered by a second one',
    inVirtualTime(({ manager, server, expectObservable }) => {
      expectObservable(manager.validToken$, '   59m       ^').toBe('59m       1s    (b|)', { b: 'A2' });
      expectObservable(manager.renewal('A1'), '59m 500ms ^').toBe('59m 500ms 500ms (b|)', { b: 'A2' });
      return () => expect(server.counters.requests).toBe(1);
    }, slow),
  );

  it(
    'fails as getValidToken does, and never with the rejected token',
    inVirtualTime(({ manager, server, expectObservable }) => {
      server.faults.always({ status: 503 });
      expectObservable(outcome(manager.renewal('A1')), '10m ^').toBe('10m 1s (e|)', {
        e: 'refresh_unavailable',
      });
      expectObservable(outcome(manager.renewal('A1')), '11m ^').toBe('11m 1s (e|)', {
        e: 'refresh_unavailable',
      });
    }, slow),
  );

  it(
    'after a failed one the rejected token is served to nobody, and token$ waits for the next',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        server.faults.next({ status: 503 });
        at(minutes(10), () => manager.renew('A1').catch(codeOf));
        at(minutes(10) + seconds(2), () => {
          const tokens = diaryOf(manager.token$, scheduler);
          at(minutes(11), () => expect(tokens).toEqual([[minutes(10) + seconds(6), 'A2']]));
        });
      },
      { ...slow, manager: { retry: () => seconds(4) }, untilMs: minutes(12) },
    ),
  );

  it(
    'rejections of two tokens in a row force two refreshes, one each',
    inVirtualTime(
      ({ manager, server, at }) => {
        const renewed: Promise<string>[] = [];
        at(minutes(10), () => renewed.push(manager.renew('A1')));
        at(minutes(11), () => renewed.push(manager.renew('A2'), manager.renew('A1')));
        return async () => {
          expect(await Promise.all(renewed)).toEqual(['A2', 'A3', 'A3']);
          expect(server.counters.requests).toBe(2);
        };
      },
      { ...slow, untilMs: minutes(30) },
    ),
  );

  it(
    'two managers on one store that are rejected with one token send one request',
    inVirtualTime(
      ({ manager, server, store, scheduler, at }) => {
        const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
        const renewed: Promise<string>[] = [];
        at(minutes(10), () => renewed.push(manager.renew('A1'), sibling.renew('A1')));
        at(minutes(11), () => renewed.push(manager.renew('A1'), sibling.renew('A1')));
        return async () => {
          expect(await Promise.all(renewed)).toEqual(['A2', 'A2', 'A2', 'A2']);
          expect(server.counters.requests).toBe(1);
          sibling.dispose();
        };
      },
      { ...slow, untilMs: minutes(30) },
    ),
  );

  it(
    'never answers with the rejected token itself: not even if it came late, while a later refresh is under way',
    inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        server.faults.next({ replyDelayMs: seconds(8) }, { replyDelayMs: seconds(4) });
        manager.token$.subscribe(); // asks at 59:00 and, having heard nothing, at 59:06; hears A2 at 59:08
        at(minutes(59) + seconds(9), () => server.revoke('A2'));
        const renewed$ = outcome(manager.renewal('A2'));
        expectObservable(renewed$.pipe(map((token) => token === 'A2')), '59m 9s ^').toBe('59m 10s (n|)', {
          n: false,
        });
      },
      {
        server: { rotation: 'none' },
        manager: ({ server }) => ({
          provider: 'google',
          refreshTimeoutMs: seconds(5),
          retry: () => seconds(1),
          refresh: (held) => server.refresh(held),
        }),
        untilMs: hours(1),
      },
    ),
  );

  it.each<[string, (server: FakeAuthorizationServer) => void, string]>([
    ['is waited out', ({ faults }) => faults.always({ status: 503 }), 'refresh_unavailable'],
    ['only a sign-in mends', (server) => server.revoke('R1'), 'refresh_rejected'],
  ])(
    'while a failure stands that %s, the store is looked into all the same, which need not have told',
    (_what, fail, failure) =>
      inVirtualTime(
        ({ manager, server, store, at, expectObservable }) => {
          fail(server);
          const theirs = { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) };
          at(minutes(10), () => manager.renew('A1').catch(codeOf));
          expectObservable(outcome(manager.renewal('A1')), '10m 10s ^').toBe('10m 10s (e|)', { e: failure });
          at(minutes(10) + seconds(20), () => overwrite(store, theirs));
          expectObservable(outcome(manager.renewal('A1')), '10m 30s ^').toBe('10m 30s (t|)', { t: 'theirs' });
          return () => expect(server.counters.requests).toBe(1);
        },
        {
          manager: ({ store }) => ({ store: unheard(store), retry: () => seconds(60) }),
          untilMs: minutes(10) + seconds(40),
        },
      )(),
  );

  it('all who wait for the next attempt wait for it, and do not wake each other over and over', () => {
    let looks = 0;
    return inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        server.faults.next({ status: 503 });
        at(minutes(10), () => manager.renew('A1').catch(codeOf));
        for (const ms of [1, 2, 3])
          expectObservable(manager.renewal('A1'), `10m ${ms}ms ^`).toBe('10m 4s (b|)', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(2);
      },
      {
        manager: ({ scheduler }) => {
          const now = scheduler.now.bind(scheduler);
          scheduler.now = () => {
            if (looks++ > 10_000) throw new Error('It loops');
            return now();
          };
          return { retry: () => seconds(4) };
        },
        untilMs: minutes(20),
      },
    )();
  });

  it('a provider that gives the very same access token again is asked once, and taken at its word', () => {
    const spent: unknown[] = [];
    return inVirtualTime(
      ({ manager, store, expectObservable }) => {
        expectObservable(outcome(manager.renewal('A1')), '10m ^').toBe('10m (a|)', { a: 'A1' });
        return () => {
          expect(spent).toEqual(['R1']);
          expect(storedIn(store)).toMatchObject({ access_token: 'A1', refresh_token: 'R1+' });
        };
      },
      {
        manager: {
          refresh: ({ access_token, refresh_token }) => {
            if (spent.push(refresh_token) > 9) throw new Error('It loops');
            return { access_token, refresh_token: `${refresh_token}+`, expires_in: 3600 };
          },
        },
        untilMs: minutes(20),
      },
    )();
  });

  it.each([undefined, null, 7, {}])('renew(%p) is a TypeError', async (rejected) => {
    const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });

    await expect(tokens.renew(rejected as string)).rejects.toThrow(TypeError);
  });

  describe('invalidate()', () => {
    it(
      'marks the token durably, and sends nothing by itself',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          at(minutes(10), () => void manager.invalidate());
          return () => {
            expect(storedIn(store)).toMatchObject({ access_token: 'A1', expires_at: 0 });
            expect(server.counters.requests).toBe(0);
          };
        },
        { untilMs: minutes(30) },
      ),
    );

    it(
      'so that the next caller gets a new one, here and in a manager that starts later',
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const served: Promise<string>[] = [];
          at(minutes(10), () => void manager.invalidate());
          at(minutes(11), () => {
            const restarted = createTokenManager({ store, refresh: server.refresh, scheduler });
            served.push(restarted.getValidToken());
            restarted.dispose();
          });
          at(minutes(12), () => served.push(manager.getValidToken()));
          return async () => expect(await Promise.all(served)).toEqual(['A2', 'A2']);
        },
        { untilMs: minutes(30) },
      ),
    );

    it(
      'before the first load is not ignored',
      inVirtualTime(
        ({ manager, server, at }) => {
          const served: Promise<string>[] = [];
          at(0, () => void manager.invalidate());
          at(0, () => served.push(manager.getValidToken()));
          return async () => {
            expect(await served[0]).toBe('A2');
            expect(server.counters.requests).toBe(1);
          };
        },
        { untilMs: minutes(1) },
      ),
    );

    it(
      'with a rejected token does nothing if that is no longer the current one',
      inVirtualTime(({ manager, server, store, at, expectObservable }) => {
        at(minutes(10), () => void manager.invalidate('A0'));
        expectObservable(manager.validToken$, '11m ^').toBe('11m (a|)', { a: 'A1' });
        return () => {
          expect(storedIn(store)?.expires_at).toBe(hours(1));
          expect(server.counters.requests).toBe(0);
        };
      }),
    );

    it(
      'during a flight strikes what was seen then, and not what the flight brings',
      inVirtualTime(
        ({ manager, server, store, at, expectObservable }) => {
          at(minutes(59), () => void manager.getValidToken());
          at(minutes(59) + 100, () => void manager.invalidate());
          expectObservable(manager.validToken$, '60m ^').toBe('60m (b|)', { b: 'A2' });
          return () => {
            expect(storedIn(store)).toMatchObject({ access_token: 'A2', expires_at: minutes(119) });
            expect(server.counters.requests).toBe(1);
          };
        },
        {
          manager: ({ store, scheduler }) => ({
            store: faultyStore(store, (action) => (action === 'write' ? timer(250, scheduler) : undefined)),
          }),
          untilMs: minutes(61),
        },
      ),
    );

    it(
      'wakes the timer',
      inVirtualTime(
        ({ manager, at, scheduler }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          at(minutes(10), () => void manager.invalidate('A1'));
          return () =>
            expect(tokens).toEqual([
              [0, 'A1'],
              [minutes(10), 'A2'],
            ]);
        },
        { untilMs: minutes(30) },
      ),
    );

    it(
      'keeps what another tool has written beside it',
      inVirtualTime(
        ({ manager, store, at }) => {
          manager.credentials$.subscribe();
          at(minutes(10), () => touch(store, { theme: 'dark' }));
          at(minutes(11), () => void manager.invalidate());
          return () => expect(storedIn(store)).toMatchObject({ theme: 'dark', expires_at: 0 });
        },
        { untilMs: minutes(30), manager: ({ store }) => ({ store: unheard(store) }) },
      ),
    );

    it('of nobody is done at once', async () => {
      const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });

      await expect(tokens.invalidate()).resolves.toBeUndefined();
    });

    it(
      'tells when it is durable, or that it could not be made so',
      inVirtualTime(
        ({ manager, at }) => {
          let outcome: Promise<unknown>;
          at(minutes(10), () => (outcome = manager.invalidate().catch(codeOf)));
          return async () => expect(await outcome).toBeUndefined();
        },
        { untilMs: minutes(30) },
      ),
    );
  });
});
