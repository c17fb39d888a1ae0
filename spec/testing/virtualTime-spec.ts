import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import type { TokenManager } from '../../src/index.js';
import { virtualTime } from '../../src/testing/index.js';

const inVirtualTime = virtualTime((actual, expected) => expect(actual).toEqual(expected));

describe('virtualTime', () => {
  it(
    'hands out a manager that refreshes a minute before the token expires',
    inVirtualTime(({ manager, server, expectObservable, at }) => {
      expectObservable(manager.token$, '^ 119m !').toBe('a 3539999ms b 3539999ms c', {
        a: 'A1',
        b: 'A2',
        c: 'A3',
      });
      at(3_539_999, () => expect(server.counters.requests).toBe(0));
      at(3_540_001, () => expect(server.counters.requests).toBe(1));
    }),
  );

  it(
    'lets the answer take its time',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$, '59m ^---').toBe('59m -----(b|)', { b: 'A2' });
      },
      { server: { latencyMs: 5 } },
    ),
  );

  it(
    'takes options of the manager and of the server',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.token$, '^ 29s !').toBe('a 8999ms b 8999ms c 8999ms d', {
          a: 'A1',
          b: 'A2',
          c: 'A3',
          d: 'A4',
        });
      },
      { manager: { skewMs: 1_000 }, server: { accessTokenLifetimeMs: 10_000 } },
    ),
  );

  it(
    'lets a refresh be a marble diagram',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$).toBe('---(a|)', { a: 'drawn' });
      },
      {
        initial: { access_token: 'old', refresh_token: 'R0', expires_at: 0 },
        manager: ({ cold }) => ({
          refresh: () => cold('---r|', { r: { access_token: 'drawn', expires_in: 60 } }),
        }),
      },
    ),
  );

  it(
    'can begin with nobody signed in',
    inVirtualTime(
      ({ manager, server, expectObservable, at }) => {
        at(10, () => void manager.set(server.signIn()));
        expectObservable(
          manager.credentials$.pipe(map((held) => held?.access_token ?? null)),
          '^ 20ms !',
        ).toBe('n 9ms a', { n: null, a: 'A1' });
      },
      { initial: null },
    ),
  );

  it(
    'shows faults and what follows, to the millisecond',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        server.faults.next({ status: 503, body: 'down', delayMs: 100 });
        server.faults.next({ delayMs: 100 });
        expectObservable(manager.token$, '^ 60m !').toBe('a 3542199ms b', { a: 'A1', b: 'A2' });
      },
      { manager: { retry: () => 2_000 } },
    ),
  );

  it('ends when it is told, although the manager never rests', () => {
    let requests = 0;
    let ended = false;
    inVirtualTime(
      ({ manager, server }) => {
        manager.token$.subscribe({ complete: () => (ended = true) });
        server.faults.always(() => (requests++, undefined));
      },
      { untilMs: 10 * 3_540_000 },
    )();

    expect(requests).toBe(10);
    expect(ended).toBe(true);
  });

  it('fails with what the comparison says', () => {
    const test = inVirtualTime(({ manager, expectObservable }) => {
      expectObservable(manager.token$, '^!').toBe('b', { b: 'A2' });
    });

    expect(test).toThrow('A1');
  });

  it('disposes of the manager when the test has failed', async () => {
    let seen: TokenManager | undefined;
    const test = inVirtualTime(({ manager }) => {
      seen = manager;
      throw new Error('Not today');
    });

    expect(test).toThrow('Not today');
    await expect(seen!.getValidToken()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('refuses an asynchronous test, which would pass whatever it expects', async () => {
    let seen: TokenManager | undefined;
    const test = inVirtualTime(({ manager }): unknown => {
      seen = manager;
      return Promise.reject(new Error('Nobody hears this'));
    });

    expect(test).toThrow(/virtual time .*promise/);
    await expect(seen!.getValidToken()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('repeats itself for a seed', () => {
    const delays = (seed: number) => {
      const seen: number[] = [];
      inVirtualTime(
        ({ manager, server }) => {
          server.faults.always({ status: 503 });
          manager.token$.subscribe();
        },
        { seed, untilMs: 3_600_000, manager: { retry: (_n, _e, random) => (seen.push(random()), 1_000) } },
      )();
      return seen;
    };

    expect(delays(7).length).toBeGreaterThan(3);
    expect(delays(7)).toEqual(delays(7));
    expect(delays(7)).not.toEqual(delays(8));
  });
});
