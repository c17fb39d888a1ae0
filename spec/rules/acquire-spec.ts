import { describe, expect, it } from '@jest/globals';
import { createTokenManager } from 'rx-token';
import type { VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';

/** Client credentials: no refresh token anywhere. */
const alone: VirtualTimeConfig = {
  initial: null,
  manager: ({ server }) => ({ acquire: server.acquire, refresh: undefined }),
  untilMs: hours(24),
};

describe('acquire is called when there are no credentials', () => {
  it(
    'and, alone, serves as refresh too',
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(tokens).toEqual([
            [0, 'A1'],
            [minutes(59), 'A2'],
            [minutes(118), 'A3'],
          ]);
          expect(new Set(server.log.map(({ grantType }) => grantType))).toEqual(
            new Set(['client_credentials']),
          );
        };
      },
      { ...alone, untilMs: hours(2) },
    ),
  );

  it(
    'once for all who ask',
    inVirtualTime(
      ({ manager, server, at }) => {
        const served: Promise<string>[] = [];
        for (let n = 0; n < 50; n++) at(n, () => served.push(manager.getValidToken(), manager.renew('none')));
        return async () => {
          expect(new Set(await Promise.all(served))).toEqual(new Set(['A1']));
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...alone, server: { latencyMs: 100 }, untilMs: 1_000 },
    ),
  );

  it(
    'and once for all managers on one store',
    inVirtualTime(
      ({ manager, server, store, scheduler }) => {
        const sibling = createTokenManager({ acquire: server.acquire, store, scheduler });
        const diaries = [manager, sibling].map((tokens) => diaryOf(tokens.token$, scheduler));
        return () => {
          expect(diaries).toEqual([[[100, 'A1']], [[100, 'A1']]]);
          expect(server.counters.requests).toBe(1);
          sibling.dispose();
        };
      },
      { ...alone, server: { latencyMs: 100 }, untilMs: minutes(30) },
    ),
  );

  it(
    'not while there are: then refresh is asked, with what there is',
    inVirtualTime(
      ({ manager, server }) => {
        manager.token$.subscribe();
        return () => expect(server.log.map(({ grantType }) => grantType)).toEqual(['refresh_token']);
      },
      { manager: ({ server }) => ({ acquire: server.acquire }), untilMs: hours(1) },
    ),
  );

  it(
    'with neither to call there is NoCredentialsError, and no request',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        manager.token$.subscribe();
        expectObservable(outcome(manager.validToken$)).toBe('(e|)', { e: 'no_credentials' });
        expectObservable(outcome(manager.renewal('A1'))).toBe('(e|)', { e: 'no_credentials' });
        return () => expect(server.counters.requests).toBe(0);
      },
      { initial: null, untilMs: hours(1) },
    ),
  );

  describe('after clear() it runs only on an explicit call, never for a standing subscription', () => {
    it(
      'the subscription stays silent, the call is served, and from then on all is as before',
      inVirtualTime(
        ({ manager, server, at, scheduler }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          const served: Promise<string>[] = [];
          at(minutes(10), () => void manager.clear());
          at(hours(5), () => expect(server.counters.requests).toBe(1));
          at(hours(5), () => served.push(manager.getValidToken()));
          return async () => {
            expect(await served[0]).toBe('A2');
            expect(tokens).toEqual([
              [0, 'A1'],
              [hours(5), 'A2'],
              [hours(6) - minutes(1), 'A3'],
            ]);
          };
        },
        { ...alone, untilMs: hours(6) },
      ),
    );

    it(
      'a subscription that comes later stays silent too',
      inVirtualTime(
        ({ manager, server, at, scheduler }) => {
          at(0, () => void manager.getValidToken());
          at(minutes(10), () => void manager.clear());
          at(minutes(20), () => {
            const tokens = diaryOf(manager.token$, scheduler);
            at(hours(5), () => expect(tokens).toEqual([]));
          });
          return () => expect(server.counters.requests).toBe(1);
        },
        { ...alone, untilMs: hours(6) },
      ),
    );

    it(
      "a sibling's sign-out counts like one's own",
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const sibling = createTokenManager({ acquire: server.acquire, store, scheduler });
          manager.token$.subscribe();
          at(minutes(10), () => void sibling.clear());
          return () => {
            expect(server.counters.requests).toBe(1);
            sibling.dispose();
          };
        },
        { ...alone, untilMs: hours(6) },
      ),
    );

    it(
      'a failure of the explicit call is not retried by the standing subscription',
      inVirtualTime(
        ({ manager, server, at }) => {
          manager.token$.subscribe();
          at(minutes(10), () => void manager.clear());
          at(minutes(20), () => {
            server.faults.always({ status: 503 });
            manager.getValidToken().catch(codeOf);
          });
          return () => expect(server.counters.requests).toBe(2);
        },
        { ...alone, untilMs: hours(6) },
      ),
    );
  });

  it(
    'a provider that refuses it is a wrong configuration: there is nobody to sign in again',
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        server.faults.always({ status: 400, body: { error: 'invalid_grant' } });
        const states = diaryOf(manager.state$, scheduler, (state) =>
          'error' in state ? state.error.code : state.status,
        );
        manager.token$.subscribe();
        return () => {
          expect(states.at(-1)![1]).toBe('configuration');
          expect(server.log.slice(0, 3).map(({ at }) => at)).toEqual([0, 60_000, 120_000]);
        };
      },
      { ...alone, untilMs: minutes(2) + seconds(1) },
    ),
  );
});
