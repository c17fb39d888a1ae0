import { describe, expect, it } from '@jest/globals';
import { diaryOf } from '../helpers/diary.js';
import { days, hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';

describe('rule 1: a token is valid while expires_at − skew > now', () => {
  it(
    'serves the token until the skew begins, and a new one from that millisecond on',
    inVirtualTime(({ manager, expectObservable }) => {
      expectObservable(manager.validToken$, '3539999ms ^').toBe('3539999ms (a|)', { a: 'A1' });
      expectObservable(manager.validToken$, '   59m     ^').toBe('59m     (b|)', { b: 'A2' });
    }),
  );

  it(
    'takes the skew it is given',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$, '50m ^').toBe('50m (a|)', { a: 'A1' });
        expectObservable(manager.validToken$, '55m ^').toBe('55m (b|)', { b: 'A2' });
      },
      { manager: { skewMs: minutes(5) } },
    ),
  );

  it(
    'serves it to its very end when the skew is 0',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$, '3599999ms ^').toBe('3599999ms (a|)', { a: 'A1' });
        expectObservable(manager.validToken$, '  60m     ^').toBe('60m     (b|)', { b: 'A2' });
      },
      { manager: { skewMs: 0 } },
    ),
  );

  it(
    'never lets the skew be more than half of the lifetime, so that a ten-second token does not loop',
    inVirtualTime(
      ({ manager, server, at }) => {
        for (let ms = 0; ms < seconds(100); ms += 500) at(ms, () => void manager.getValidToken());
        const requests = () => server.log.map(({ at }) => at / 1_000);
        return () => expect(requests()).toEqual(Array.from({ length: 19 }, (_, n) => 5 * (n + 1)));
      },
      { server: { accessTokenLifetimeMs: seconds(10) } },
    ),
  );

  it(
    'takes a token of unknown expiry for valid until someone says otherwise',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        at(days(3650), () => void manager.invalidate());
        return () => {
          expect(tokens).toEqual([
            [0, 'for ever'],
            [days(3650), 'A2'],
          ]);
          expect(server.counters.requests).toBe(1);
        };
      },
      {
        initial: { access_token: 'for ever', refresh_token: 'R1' },
        manager: ({ server }) => ({ refresh: () => server.refresh(server.signIn()) }),
        untilMs: days(3650) + 1,
      },
    ),
  );

  it(
    'asks no more of a lifetime than nine tenths, whatever a caller wants',
    inVirtualTime(
      ({ manager, server, at }) => {
        const served: Promise<string>[] = [];
        for (const ms of [0, 1, 2])
          at(ms, () => served.push(manager.getValidToken({ minValidityMs: hours(24) })));
        return async () => {
          expect(await Promise.all(served)).toEqual(['A1', 'A1', 'A1']);
          expect(server.counters.requests).toBe(0);
        };
      },
      { untilMs: seconds(1) },
    ),
  );

  it('nor where the provider tells an end, and no lifetime', () => {
    let count = 1;
    return inVirtualTime(
      ({ manager, at }) => {
        const served: Promise<string>[] = [];
        at(minutes(10), () => void manager.renew('A1'));
        for (const minute of [11, 12, 13])
          at(minutes(minute), () => served.push(manager.getValidToken({ minValidityMs: hours(2) })));
        return async () => expect(await Promise.all(served)).toEqual(['A2', 'A2', 'A2']);
      },
      {
        manager: ({ scheduler }) => ({
          refresh: () => ({ access_token: `A${++count}`, expires_at: scheduler.now() + hours(1) }),
        }),
        untilMs: minutes(14),
      },
    )();
  });
});
