import { describe, expect, it } from '@jest/globals';
import { type Credentials, memoryStore } from 'rx-token';
import { codeOf, diaryOf } from '../helpers/diary.js';
import { jwt } from '../helpers/jwt.js';
import { days, hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';

/** What is held after `response` came for a request that was sent at the 59th minute. */
function heldAfter(response: Record<string, unknown>, options: { provider?: string } = {}) {
  let held: Credentials | null | undefined;
  void inVirtualTime(
    ({ manager, at }) => {
      manager.credentials$.subscribe((credentials) => (held = credentials));
      at(minutes(59), () => void manager.renew('A1'));
    },
    {
      manager: { ...options, refresh: () => ({ access_token: 'A2', ...response }) },
      untilMs: minutes(59),
    },
  )();
  return held;
}

describe('rule 4: in a response expires_in decides, counted from the moment the request was sent; in a stored record expires_at', () => {
  it(
    'counts from the sending, however long the answer takes',
    inVirtualTime(
      ({ manager, scheduler }) => {
        manager.token$.subscribe();
        const ends = diaryOf(manager.credentials$, scheduler, (held) => held?.expires_at);
        return () =>
          expect(ends).toEqual([
            [0, hours(1)],
            [minutes(59) + seconds(20), minutes(59) + hours(1)],
          ]);
      },
      { server: { latencyMs: seconds(20) }, untilMs: hours(1) },
    ),
  );

  it.each([
    ['3600', hours(1)],
    [' 3600 ', hours(1)],
    [3600, hours(1)],
    [0.5, 500],
    ['1e2', seconds(100)],
    [1e9, 1e12],
  ])('reads the lifetime %p', (expires_in, lifetimeMs) => {
    expect(heldAfter({ expires_in })?.expires_at).toBe(minutes(59) + lifetimeMs);
  });

  it.each(['abc', '', null, undefined, NaN, Infinity, 1e308, 9e15, true, {}, [], 0, -5, '-5', 2n])(
    'takes the lifetime %p for unknown, or for an instant that is finite',
    (expires_in) => {
      const held = heldAfter({ expires_in });
      const { expires_at = 0 } = held ?? {};

      expect(held?.access_token).toBe('A2');
      expect(Number.isFinite(expires_at) && expires_at >= 0 && expires_at <= 8.64e15).toBe(true);
    },
  );

  it('falls back to what a JWT says of itself, by its own clock where it tells both ends', () => {
    expect(heldAfter({ access_token: jwt({ exp: 7_000 }) })?.expires_at).toBe(7_000_000);
    expect(heldAfter({ access_token: jwt({ iat: 1e9, exp: 1e9 + 60 }) })?.expires_at).toBe(minutes(60));
    expect(heldAfter({ access_token: jwt({ exp: 'soon' }) })?.expires_at).toBeUndefined();
  });

  it("falls back to the provider's usual lifetime when nothing tells", () => {
    expect(heldAfter({}, { provider: 'salesforce' })?.expires_at).toBe(minutes(59) + hours(2));
    expect(heldAfter({}, { provider: 'generic' })?.expires_at).toBeUndefined();
  });

  it('takes the expires_at of a response that has no expires_in', () => {
    expect(heldAfter({ expires_at: hours(5) })?.expires_at).toBe(hours(5));
  });

  it('knows a lifetime from it too: however short, the token is refreshed once for each', () => {
    const asked: number[] = [];
    void inVirtualTime(({ manager }) => manager.token$.subscribe(), {
      manager: ({ scheduler }) => ({
        refresh: () => ({
          access_token: `A${asked.push(scheduler.now()) + 1}`,
          expires_at: scheduler.now() + seconds(30),
        }),
      }),
      untilMs: minutes(60),
    })();

    expect(asked).toEqual(Array.from({ length: 5 }, (_, nth) => minutes(59) + nth * seconds(15)));
  });

  describe('an expires_at that makes sense only in seconds', () => {
    const now = Date.UTC(2026, 10, 21);
    const later = { at: now / 1_000 + 7_200, ms: now + hours(2) };

    const held = (credentials: Credentials) => {
      let found: Credentials | null | undefined;
      void inVirtualTime(
        ({ manager, server, scheduler }) => {
          scheduler.frame = now;
          manager.credentials$.subscribe((loaded) => (found = loaded));
          void manager.getValidToken();
          return () => expect(server.counters.requests).toBe(found?.expires_at === 0 ? 1 : 0);
        },
        { initial: credentials, untilMs: now },
      )();
      return found;
    };

    it('is read as seconds in a stored record', () => {
      expect(held({ access_token: 'A', expires_at: later.at })?.expires_at).toBe(later.ms);
    });

    it('is left alone where it makes sense as it is', () => {
      expect(held({ access_token: 'A', expires_at: later.ms })?.expires_at).toBe(later.ms);
    });

    it('is read as seconds in what set() is given', async () => {
      const store = memoryStore();
      const { createTokenManager } = await import('rx-token');
      const tokens = createTokenManager({ store, refresh: () => new Promise(() => undefined) });
      const expires_at = Math.floor(Date.now() / 1_000) + 3_600;
      await tokens.set({ access_token: 'A', expires_at });

      expect((await tokens.getCredentials()).expires_at).toBe(expires_at * 1_000);
    });
  });

  it.each([
    ['NaN', NaN],
    ['a word', 'tomorrow'],
    ['negative', -1],
    ['beyond the end of time', 1e300],
    ['an object', {}],
  ])('repairs a stored expires_at that is %s', (_what, expires_at) =>
    inVirtualTime(
      ({ manager, scheduler }) => {
        const ends = diaryOf(manager.credentials$, scheduler, (held) => held?.expires_at);
        return () => expect(ends).toEqual([[0, undefined]]);
      },
      { initial: { access_token: 'A', expires_at } as unknown as Credentials, untilMs: 1 },
    )(),
  );

  it(
    'takes a stored record for due that tells a lifetime and not since when',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.validToken$).toBe('(b|)', { b: 'A2' });
      },
      {
        initial: { access_token: 'naively saved', refresh_token: 'R1', expires_in: 3600 },
        manager: ({ server }) => ({ refresh: () => server.refresh(server.signIn()) }),
      },
    ),
  );

  describe('a response that leaves the token already due makes no loop', () => {
    const gaps = (times: readonly number[]) => times.slice(1).map((at, n) => at - times[n]!);

    it.each<[string, () => Record<string, unknown>]>([
      ['ends in the past', () => ({ expires_at: 1_000 })],
      ['is inside the skew', () => ({ expires_at: minutes(59) + 10 })],
    ])('when it %s', (_what, response) => {
      let count = 1;
      return inVirtualTime(
        ({ manager, at }) => {
          manager.token$.subscribe();
          const started: number[] = [];
          manager.events$.subscribe(({ type, at }) => type === 'refresh-started' && started.push(at));
          at(minutes(65), () => manager.getValidToken().catch(codeOf));
          return () => {
            expect(started.length).toBeGreaterThan(1);
            expect(started.length).toBeLessThan(30);
            expect(Math.min(...gaps(started))).toBeGreaterThanOrEqual(500);
          };
        },
        {
          manager: { refresh: () => ({ access_token: `due ${++count}`, ...response() }) },
          untilMs: minutes(65),
        },
      )();
    });

    it.each<[string, (seconds: number) => unknown, number]>([
      ['until 30 s before it ends', (seconds) => seconds, seconds(30)],
      ['until it ends', (seconds) => seconds, 0],
      ['until it ends, with a lifetime that is not true', () => 3600, 0],
    ])('when the provider gives the same token %s', (_what, expiresIn, sameAccessTokenUntilMs) =>
      inVirtualTime(
        ({ manager, server }) => {
          server.faults.always({ sameAccessTokenUntilMs });
          manager.token$.subscribe();
          return () => {
            expect(server.counters.requests).toBeLessThan(3 * 40);
            expect(Math.min(...gaps(server.log.map(({ at }) => at)))).toBeGreaterThanOrEqual(500);
          };
        },
        { server: { expiresIn }, untilMs: hours(2.5) },
      )(),
    );

    it('when the provider gives the same token, and tells its end instead of its lifetime', () => {
      const asked: number[] = [];
      void inVirtualTime(({ manager }) => manager.token$.subscribe(), {
        manager: ({ scheduler }) => ({ refresh: sameToken(asked, () => scheduler.now()) }),
        untilMs: hours(1),
      })();

      expect(asked.length).toBeGreaterThan(1);
      expect(asked.length).toBeLessThan(30);
      expect(Math.min(...gaps(asked))).toBeGreaterThanOrEqual(500);
    });
  });

  it(
    'two proactive refreshes are never closer than a second, however short the lifetime',
    inVirtualTime(
      ({ manager, server }) => {
        manager.token$.subscribe();
        return () => expect(server.log.slice(0, 4).map(({ at }) => at)).toEqual([100, 1_100, 2_100, 3_100]);
      },
      { server: { accessTokenLifetimeMs: 200 }, untilMs: seconds(10) },
    ),
  );

  it(
    'a lifetime of thirty years is no reason to refresh',
    inVirtualTime(
      ({ manager, server }) => {
        manager.token$.subscribe();
        return () => expect(server.counters.requests).toBe(0);
      },
      { server: { accessTokenLifetimeMs: days(365 * 30) }, untilMs: days(30) },
    ),
  );
});

/** Answers with the token that is held already; after a hundred times it is a loop, which has to end somehow. */
function sameToken(asked: number[], now: () => number) {
  return ({ access_token, refresh_token }: Credentials) => {
    asked.push(now());
    if (asked.length > 100) throw new Error('It loops');
    return { access_token, refresh_token: refresh_token!, expires_at: hours(1) };
  };
}
