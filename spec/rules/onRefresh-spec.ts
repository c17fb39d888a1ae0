import { describe, expect, it } from '@jest/globals';
import { createTokenManager } from 'rx-token';
import { inVirtualTime, minutes, hours } from '../helpers/inVirtualTime.js';

describe('onRefresh is called after each new token', () => {
  it('own or adopted, and not for a load, a sign-in or a sign-out', () => {
    const calls: [string, string][] = [];
    const noting =
      (who: string) =>
      ({ access_token }: { access_token: string }) =>
        calls.push([who, access_token]);
    void inVirtualTime(
      ({ server, store, scheduler, at }) => {
        const [one, other] = ['one', 'other'].map((who) =>
          createTokenManager({ store, refresh: server.refresh, scheduler, onRefresh: noting(who) }),
        ) as [ReturnType<typeof createTokenManager>, ReturnType<typeof createTokenManager>];
        for (const tokens of [one, other]) tokens.credentials$.subscribe();
        at(minutes(59), () => void one.getValidToken());
        at(minutes(90), () => void one.clear());
        at(minutes(91), () => void one.set(server.signIn()));
        return () => {
          one.dispose();
          other.dispose();
        };
      },
      { untilMs: hours(1.6) },
    )();

    expect(calls.slice(0, 2).sort()).toEqual([
      ['one', 'A2'],
      ['other', 'A2'],
    ]);
    expect(calls.filter(([who]) => who === 'one')).toHaveLength(1);
  });

  it('after the subscribers', () => {
    const order: string[] = [];
    void inVirtualTime(({ manager }) => manager.token$.subscribe((token) => order.push(`token$ ${token}`)), {
      manager: { onRefresh: ({ access_token }) => order.push(`onRefresh ${access_token}`) },
      untilMs: hours(1),
    })();

    expect(order).toEqual(['token$ A1', 'token$ A2', 'onRefresh A2']);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new RangeError('A2 is not for you');
      },
    ],
    [
      'throws a string',
      () => {
        throw 'A2'; // eslint-disable-line @typescript-eslint/only-throw-error
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('A2 is not for you'))],
    ['rejects later', () => new Promise((_resolve, reject) => setImmediate(reject, new Error('A2')))],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('A2');
        },
      }),
    ],
  ])('what goes wrong in it stays there, and becomes an event: it %s', async (_what, onRefresh) => {
    const events: unknown[] = [];
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    await inVirtualTime(
      ({ manager, server }) => {
        const tokens: string[] = [];
        manager.token$.subscribe((token) => tokens.push(token));
        manager.events$.subscribe({ next: (event) => events.push(event) });
        return async () => {
          await new Promise(setImmediate);
          await new Promise(setImmediate);
          expect(tokens).toEqual(['A1', 'A2']);
          expect(server.counters.requests).toBe(1);
        };
      },
      { manager: { onRefresh }, untilMs: hours(1) },
    )();
    process.off('unhandledRejection', note);

    expect(unhandled).toEqual([]);
    expect(JSON.stringify(events)).not.toContain('A2');
  });

  it('the event says what kind of thing was thrown, and nothing of it', () => {
    const events: unknown[] = [];
    void inVirtualTime(
      ({ manager }) => {
        manager.token$.subscribe();
        manager.events$.subscribe((event) => event.type === 'callback-failed' && events.push(event));
      },
      {
        manager: {
          onRefresh: () => {
            throw new RangeError('A2 is not for you');
          },
        },
        untilMs: hours(1),
      },
    )();

    expect(events).toMatchObject([{ at: minutes(59), error: { code: 'callback_failed' } }]);
    expect((events[0] as { error: Error }).error.message).toContain('RangeError');
    expect(String((events[0] as { error: Error }).error.stack)).not.toContain('A2');
  });
});
