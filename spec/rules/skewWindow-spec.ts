import { describe, expect, it } from '@jest/globals';
import { throwError } from 'rxjs';
import type { TokenManagerConfig } from 'rx-token';
import type { Fault } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { touch } from '../helpers/stored.js';

const down: Fault = { status: 503 };

describe('rule 3: inside the skew window a caller waits for the refresh, and gets the unexpired token if it fails', () => {
  it(
    'waits for the refresh',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$, '59m ^').toBe('59m -----(b|)', { b: 'A2' });
      },
      { server: { latencyMs: 5 } },
    ),
  );

  it.each<[string, Fault]>([
    ['the provider is down', down],
    ['the connection is lost', { commitThenDropReply: 'reset' }],
    ['the provider never answers', { dropBeforeCommit: 'hang' }],
    ['the refresh token is refused', { status: 400, body: { error: 'invalid_grant' } }],
    ['the client is refused', { status: 401, body: { error: 'invalid_client' } }],
    ['the answer is no token', { body: { hello: 'world' } }],
    ['the answer is a page of HTML', { body: '<html>' }],
  ])('serves the unexpired token when %s', (_what, fault) =>
    inVirtualTime(({ manager, server, scheduler, at }) => {
      server.faults.always(fault);
      at(minutes(59), () => {
        const served = diaryOf(manager.validToken$, scheduler);
        at(minutes(60) - 1, () => expect(served).toEqual([[expect.any(Number), 'A1']]));
      });
    })(),
  );

  it.each<[string, Partial<TokenManagerConfig>]>([
    [
      'the callback throws',
      {
        refresh: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'the callback has a bug',
      {
        refresh: () => {
          throw new TypeError('x is not a function');
        },
      },
    ],
    ['the callback never answers', { refresh: () => new Promise(() => undefined) }],
    ['the callback errors', { refresh: () => throwError(() => new Error('no')) }],
  ])('serves the unexpired token when %s', (_what, options) =>
    inVirtualTime(
      ({ manager, scheduler, at }) => {
        at(minutes(59), () => {
          const served = diaryOf(manager.validToken$, scheduler);
          at(minutes(60) - 1, () => expect(served).toEqual([[expect.any(Number), 'A1']]));
        });
      },
      { manager: options },
    )(),
  );

  it.each(['hold', 'prepare', 'write'] as const)(
    'serves a token when the store fails to %s, the new one if there is one already',
    (action) =>
      inVirtualTime(
        ({ manager, scheduler, at }) => {
          at(minutes(59), () => {
            const served = diaryOf(manager.validToken$, scheduler);
            const expected = action === 'write' ? 'A2' : 'A1';
            at(minutes(59) + 1, () => expect(served).toEqual([[minutes(59), expected]]));
          });
        },
        { manager: ({ store }) => ({ store: faultyStore(store, failing(action)) }) },
      )(),
  );

  it(
    'serves the unexpired token when the store can no longer be read',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        manager.credentials$.subscribe();
        expectObservable(outcome(manager.validToken$), '59m ^').toBe('59m (a|)', { a: 'A1' });
      },
      { manager: ({ store }) => ({ store: faultyStore(store, unreadableFrom(2)) }) },
    ),
  );

  it(
    'serves the unexpired token when the lock stays with someone else',
    inVirtualTime(({ manager, store, expectObservable, hot }) => {
      store.lock.hold(() => hot('-')).subscribe();
      expectObservable(manager.validToken$, '59m ^').toBe('59m 10s (a|)', { a: 'A1' });
    }),
  );

  it(
    'serves no token that has truly expired',
    inVirtualTime(({ manager, server, expectObservable }) => {
      server.faults.always(down);
      expectObservable(outcome(manager.validToken$), '3599999ms ^').toBe('3599999ms (a|)', { a: 'A1' });
      expectObservable(outcome(manager.validToken$), '  70m     ^').toBe('70m     (e|)', {
        e: 'refresh_unavailable',
      });
    }),
  );

  it(
    'serves no token that was rejected',
    inVirtualTime(({ manager, server, expectObservable }) => {
      server.faults.always(down);
      expectObservable(outcome(manager.renewal('A1')), '10m ^').toBe('10m (e|)', {
        e: 'refresh_unavailable',
      });
      expectObservable(outcome(manager.validToken$), '  20m ^').toBe('20m (e|)', {
        e: 'refresh_unavailable',
      });
    }),
  );

  it(
    'serves no rejected token either after another tool has touched another field of the record',
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        server.faults.next(down);
        manager.credentials$.subscribe();
        at(minutes(10), () => {
          manager.renewal('A1').subscribe({ error: () => undefined });
        });
        at(minutes(10) + 1, () => touch(store, { plan: 'pro' }));
        expectObservable(outcome(manager.validToken$), '600002ms ^').toBe('600002ms (e|)', {
          e: 'refresh_unavailable',
        });
      },
      { manager: { maxWaitMs: 0, retry: () => minutes(1) } },
    ),
  );

  it(
    "serves no token that falls short of the caller's minValidityMs",
    inVirtualTime(({ manager, server, at }) => {
      server.faults.always(down);
      let modest: Promise<string>, greedy: Promise<unknown>;
      at(minutes(59) + seconds(15), () => {
        modest = manager.getValidToken({ minValidityMs: seconds(44) });
        greedy = manager.getValidToken({ minValidityMs: seconds(46) }).catch(codeOf);
      });
      return async () => expect(await Promise.all([modest, greedy])).toEqual(['A1', 'refresh_unavailable']);
    }),
  );

  it(
    'fetches a new token for a caller whose minValidityMs asks for more than is left',
    inVirtualTime(({ manager, server, at }) => {
      const served: Promise<string>[] = [];
      const ask = (minValidityMs?: number) => () => served.push(manager.getValidToken({ minValidityMs }));
      at(minutes(30), ask(minutes(29)));
      at(minutes(31), ask(minutes(31)));
      at(minutes(32), ask());
      return async () => {
        expect(await Promise.all(served)).toEqual(['A1', 'A2', 'A2']);
        expect(server.counters.requests).toBe(1);
      };
    }),
  );

  describe('with refreshAheadMs', () => {
    const ahead = { manager: { refreshAheadMs: minutes(10) }, server: { latencyMs: 5 } };

    it(
      'callers in the ahead window are served at once while the refresh runs behind them',
      inVirtualTime(({ manager, server, expectObservable }) => {
        const [held, renewed] = [{ a: 'A1' }, { b: 'A2' }];
        expectObservable(manager.validToken$, '50m ^').toBe('     50m (a|)', held);
        expectObservable(manager.validToken$, '50m --^').toBe('   50m --(a|)', held);
        expectObservable(manager.validToken$, '50m ----^').toBe(' 50m ----(a|)', held);
        expectObservable(manager.validToken$, '50m ------^').toBe('50m ------(b|)', renewed);
        return () => expect(server.counters.requests).toBe(1);
      }, ahead),
    );

    it(
      'a refresh that failed behind them is not tried again before its retryAt',
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.always(down);
          for (let ms = 0; ms < seconds(60); ms += 100)
            at(minutes(50) + ms, () => manager.getValidToken().catch(codeOf));
          return () =>
            expect(server.log.map(({ at }) => at - minutes(50))).toEqual([0, 20_100, 40_200].map(near));
        },
        { ...ahead, manager: { ...ahead.manager, retry: () => seconds(20) }, untilMs: hours(1) },
      ),
    );

    it(
      'callers inside the skew window wait all the same',
      inVirtualTime(({ manager, expectObservable }) => {
        expectObservable(manager.validToken$, '59m ^').toBe('59m -----(b|)', { b: 'A2' });
      }, ahead),
    );
  });
});

/** Within the hundred milliseconds that lie between two calls. */
function near(ms: number): unknown {
  return {
    asymmetricMatch: (actual: unknown) => typeof actual === 'number' && Math.abs(actual - ms) <= 100,
    toString: () => `about ${ms}`,
  };
}

function unreadableFrom(nth: number) {
  let reads = 0;
  return (action: string) => {
    if (action === 'read' && ++reads >= nth) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return undefined;
  };
}
