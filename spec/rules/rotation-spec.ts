import { describe, expect, it } from '@jest/globals';
import { type Credentials, mergeRotation, type TokenResponse } from 'rx-token';
import { inVirtualTime, minutes } from '../helpers/inVirtualTime.js';
import { storedIn, touch } from '../helpers/stored.js';

const held = {
  access_token: 'A1',
  refresh_token: 'R1',
  expires_at: minutes(60),
  expires_in: 3600,
  token_type: 'Bearer',
  scope: 'read write',
  id_token: 'I1',
  instance_url: 'https://eu.example',
  nested: { plan: 'pro' },
};

/** What the whole manager holds, and has stored, after a refresh that brought `response`. */
function refreshed(response: Record<string, unknown>, initial: Credentials = held): Credentials {
  const seen: (Credentials | null)[] = [];
  void inVirtualTime(
    ({ manager, store, at }) => {
      manager.credentials$.subscribe((credentials) => seen.push(credentials));
      manager.token$.subscribe();
      at(minutes(59) + 1, () => expect(storedIn(store)).toEqual(seen.at(-1)));
    },
    { initial, manager: { refresh: () => response as TokenResponse }, untilMs: minutes(59) + 1 },
  )();
  return seen.at(-1)!;
}

describe('rule 9: a non-empty refresh_token in the response replaces the old one, absent or empty keeps it', () => {
  it.each([
    ['a new one', { refresh_token: 'R2' }, 'R2'],
    ['none', {}, 'R1'],
    ['undefined', { refresh_token: undefined }, 'R1'],
    ['null', { refresh_token: null }, 'R1'],
    ['an empty one', { refresh_token: '' }, 'R1'],
    ['a blank one', { refresh_token: '  ' }, 'R1'],
    ['a number', { refresh_token: 7 }, 'R1'],
  ])('when the response has %s', (_what, response, refresh_token) => {
    expect(refreshed({ access_token: 'A2', ...response }).refresh_token).toBe(refresh_token);
  });

  it.each(['google', 'okta', 'auth0', 'microsoft', 'salesforce', 'github', 'generic'])(
    'for %s as for everyone',
    (provider) => {
      for (const [refresh_token, kept] of [
        [undefined, 'R1'],
        ['', 'R1'],
        ['R2', 'R2'],
      ] as const) {
        void inVirtualTime(
          ({ manager, at }) => {
            at(minutes(59), () => {
              manager.credentials$.subscribe();
              manager.validToken$.subscribe();
            });
            at(minutes(59) + 1, () =>
              manager.credentials$.subscribe((now) => expect(now?.refresh_token).toBe(kept)),
            );
          },
          {
            manager: { provider, refresh: () => ({ access_token: 'A2', refresh_token }) as TokenResponse },
            untilMs: minutes(60),
          },
        )();
      }
    },
  );

  it('keeps scope, id_token and unknown fields where the response has none', () => {
    expect(refreshed({ access_token: 'A2', expires_in: 60 })).toEqual({
      access_token: 'A2',
      refresh_token: 'R1',
      expires_in: 60,
      expires_at: minutes(60),
      scope: 'read write',
      id_token: 'I1',
      instance_url: 'https://eu.example',
      nested: { plan: 'pro' },
    });
  });

  it('takes over what the response says', () => {
    const response = {
      access_token: 'A2',
      scope: 'read',
      id_token: 'I2',
      instance_url: 'https://us.example',
    };
    expect(refreshed(response)).toMatchObject(response);
  });

  it('never inherits access_token, token_type, expires_in and expires_at', () => {
    const { token_type, expires_in, expires_at } = refreshed({ access_token: 'A2' });
    expect({ token_type, expires_in, expires_at }).toEqual({});
  });

  it(
    'three times over',
    inVirtualTime(
      ({ manager, server, store }) => {
        touch(store, { account: 7 });
        server.faults.next({ omitRefreshToken: true }, { blankRefreshToken: true }, {});
        manager.token$.subscribe();
        const seen: unknown[] = [];
        manager.credentials$.subscribe((now) => seen.push([now?.refresh_token, now?.['account']]));
        return () =>
          expect(seen).toEqual([
            ['R1', 7],
            ['R1', 7],
            ['R1', 7],
            ['R2', 7],
          ]);
      },
      {
        untilMs: minutes(178),
      },
    ),
  );

  it(
    'but a sign-in inherits nothing: not even the refresh token of who was there before',
    inVirtualTime(
      ({ manager, at }) => {
        const seen: unknown[] = [];
        manager.credentials$.subscribe((now) => seen.push(now));
        at(5, () => void manager.set({ access_token: 'B1', expires_in: 60 }));
        return () => expect(seen[1]).toEqual({ access_token: 'B1', expires_in: 60, expires_at: 60_005 });
      },
      { initial: held, untilMs: 10 },
    ),
  );

  it('is pure, and can be used alone', () => {
    const before = structuredClone(held);
    const next = mergeRotation(held, { access_token: 'A2', expires_in: 60 }, 1_000);

    expect(next).toMatchObject({ access_token: 'A2', refresh_token: 'R1', expires_at: 61_000 });
    expect(held).toEqual(before);
    expect(mergeRotation(held, { access_token: 'A2', expires_in: 60 }, 1_000)).toEqual(next);
    expect(() => mergeRotation(held, {} as TokenResponse)).toThrow(TypeError);
  });

  it('freezes what it makes, deeply', () => {
    const next = refreshed({ access_token: 'A2' }) as { access_token: string; nested: { plan: string } };

    expect(() => (next.access_token = 'mine')).toThrow(TypeError);
    expect(() => (next.nested.plan = 'free')).toThrow(TypeError);
  });
});
