import { describe, expect, it } from '@jest/globals';
import { take } from 'rxjs';
import type { TokenManager } from 'rx-token';
import type { VirtualTime } from 'rx-token/testing';
import { outcome } from '../helpers/diary.js';
import { hours, inVirtualTime, seconds } from '../helpers/inVirtualTime.js';

/** What subscribers hear that come before and after one that calls back, and what is held when all is over. */
function around(
  manager: TokenManager,
  callsBack: (token: string) => unknown,
): { before: string[]; after: string[]; held: unknown[] } {
  const [before, after, held] = [[] as string[], [] as string[], [] as unknown[]];
  manager.token$.subscribe((token) => before.push(token));
  manager.token$.subscribe((token) => callsBack(token));
  manager.token$.subscribe((token) => after.push(token));
  manager.credentials$.subscribe((now) => held.push(now?.access_token ?? null));
  return { before, after, held };
}

describe('every subscriber sees values in order, even when one of them calls back into the manager', () => {
  it.each<[string, (time: VirtualTime) => (token: string) => unknown, string[]]>([
    [
      'set',
      ({ manager, server }) =>
        (token) =>
          token === 'A2' && manager.set(server.signIn()),
      ['A1', 'A2', 'A3'],
    ],
    [
      'renew',
      ({ manager }) =>
        (token) =>
          token === 'A2' && manager.renew('A2'),
      ['A1', 'A2', 'A3'],
    ],
    [
      'invalidate',
      ({ manager }) =>
        (token) =>
          token === 'A2' && manager.invalidate(),
      ['A1', 'A2', 'A3'],
    ],
    [
      'getValidToken',
      ({ manager }) =>
        () =>
          manager.getValidToken(),
      ['A1', 'A2'],
    ],
    [
      'peek',
      ({ manager }) =>
        () =>
          manager.peek(),
      ['A1', 'A2'],
    ],
  ])('%s', (_name, callsBack, expected) =>
    inVirtualTime(
      (time) => {
        const { before, after, held } = around(time.manager, callsBack(time));
        return () => {
          expect(before).toEqual(expected);
          expect(after).toEqual(expected);
          expect(held.at(-1)).toBe(expected.at(-1));
        };
      },
      { untilMs: hours(1) },
    )(),
  );

  it(
    'clear',
    inVirtualTime(
      ({ manager }) => {
        const { before, after, held } = around(manager, (token) => token === 'A2' && manager.clear());
        return () => {
          expect(before).toEqual(['A1', 'A2']);
          expect(after).toEqual(before);
          expect(held.at(-1)).toBeNull();
        };
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'dispose',
    inVirtualTime(
      ({ manager }) => {
        const { before, after } = around(manager, (token) => token === 'A2' && manager.dispose());
        return () => {
          expect(before).toEqual(['A1', 'A2']);
          expect(['A1', 'A2']).toEqual(expect.arrayContaining(after));
        };
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'ten generations of it',
    inVirtualTime(
      ({ manager }) => {
        const again = (token: string) => token !== 'A1' && token !== 'A10' && manager.renew(token);
        const { before, after } = around(manager, again);
        return () => {
          expect(before).toEqual(Array.from({ length: 10 }, (_, n) => `A${n + 1}`));
          expect(after).toEqual(before);
        };
      },
      { untilMs: hours(1) },
    ),
  );

  it(
    'the held value changes at once, only its announcement queues: who calls back is served the newest',
    inVirtualTime(
      ({ manager, server }) => {
        const served: Promise<string>[] = [];
        manager.token$.subscribe((token) => {
          if (token !== 'A2') return;
          void manager.set(server.signIn());
          served.push(manager.getValidToken());
        });
        return async () => expect(await Promise.all(served)).toEqual(['A3']);
      },
      { untilMs: hours(1) },
    ),
  );

  it(
    'a subscriber that subscribes again from within hears everything from there on, in order',
    inVirtualTime(
      ({ manager }) => {
        const inner: string[] = [];
        manager.token$.pipe(take(1)).subscribe(() => {
          void manager.renew('A1');
          // eslint-disable-next-line rxjs-x/no-nested-subscribe -- this is what it is about
          manager.token$.subscribe((token) => inner.push(token));
        });
        return () => expect(['A1,A2', 'A2']).toContain(inner.join());
      },
      { untilMs: seconds(1) },
    ),
  );

  it(
    'events, states and onRefresh may call back too',
    inVirtualTime(
      ({ manager, server }) => {
        const heard: string[] = [];
        manager.token$.subscribe((token) => heard.push(token));
        manager.events$.subscribe(({ type }) => {
          if (type === 'refreshed') void manager.getValidToken();
        });
        manager.state$.subscribe(({ status }) => {
          if (status === 'refreshing') void manager.getValidToken();
        });
        return () => {
          expect(heard).toEqual(['A1', 'A2', 'A3']);
          expect(server.counters.requests).toBe(2);
        };
      },
      {
        manager: () => {
          let calls = 0;
          const callback = { tokens: undefined as TokenManager | undefined };
          return { onRefresh: () => void (calls++ < 3 && callback.tokens?.getValidToken()) };
        },
        untilMs: hours(2),
      },
    ),
  );

  it(
    'a refresh callback that asks the manager itself for a token does not wedge anyone',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        holder.tokens = manager;
        expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 30s (e|)', {
          e: 'refresh_unavailable',
        });
      },
      { manager: { refresh: () => holder.tokens!.renewal('A1') as never }, untilMs: hours(3) },
    ),
  );
  const holder: { tokens?: TokenManager } = {};
});
