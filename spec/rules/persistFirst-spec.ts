import { describe, expect, it } from '@jest/globals';
import { of, timer } from 'rxjs';
import { createTokenManager, type Credentials } from 'rx-token';
import type { VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore, fullDisk, type Meddler, type StoreAction } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { isFree, snapshotIn, storedIn, touch } from '../helpers/stored.js';

/** A disk that is full for the next `writes` writes. */
const fullFor = (writes: number, options = {}): VirtualTimeConfig['manager'] => {
  return ({ store }) => ({ store: faultyStore(store, failing('write', writes)), ...options });
};

describe('rule 10: persist before publish', () => {
  it(
    'nobody sees the new token before it is durable',
    inVirtualTime(
      ({ manager, store, scheduler, at, expectObservable }) => {
        const seen = diaryOf(manager.token$, scheduler);
        expectObservable(manager.validToken$, '59m ^').toBe('59m 250ms (b|)', { b: 'A2' });
        at(minutes(59) + 249, () => {
          expect(storedIn(store)?.access_token).toBe('A1');
          expect(seen).toHaveLength(1);
        });
        return () => expect(seen[1]).toEqual([minutes(59) + 250, 'A2']);
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) => (action === 'write' ? timer(250, scheduler) : undefined)),
        }),
        untilMs: hours(1),
      },
    ),
  );

  it(
    'whoever is told finds it in the store',
    inVirtualTime(
      ({ manager, store }) => {
        const stored: unknown[] = [];
        manager.token$.subscribe((token) => stored.push([token, storedIn(store)?.access_token]));
        return () =>
          expect(stored).toEqual([
            ['A1', 'A1'],
            ['A2', 'A2'],
            ['A3', 'A3'],
          ]);
      },
      { untilMs: hours(2) },
    ),
  );

  describe('if the write fails after the provider has rotated', () => {
    it(
      'the new token is served from memory, the old refresh token is never sent again, and the write is retried',
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
          at(minutes(59) + 1, () => expect(storedIn(store)?.refresh_token).toBe('R1'));
          return () => {
            expect(tokens).toEqual([
              [0, 'A1'],
              [minutes(59), 'A2'],
            ]);
            const told = events.map(([, type]) => type);
            expect(told.filter((type) => type === 'persist-failed')).toHaveLength(1);
            expect(told.filter((type) => type === 'persisted')).toHaveLength(1);
            expect(told.at(-1)).toBe('persisted');
            expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
            expect([...server.presented]).toEqual([['R1', 1]]);
          };
        },
        { manager: fullFor(6), untilMs: hours(1.5) },
      ),
    );

    it(
      'is told once in a series, and again in the next',
      inVirtualTime(
        ({ manager, scheduler }) => {
          manager.token$.subscribe();
          const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
          return () =>
            expect(
              events.map(([, type]) => type).filter((type) => String(type).startsWith('persist')),
            ).toEqual(['persist-failed', 'persisted', 'persist-failed', 'persisted']);
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, everyOther(3)) }),
          untilMs: hours(2.5),
        },
      ),
    );

    it(
      'callers are served the new one meanwhile, whatever the clock says, without a request',
      inVirtualTime(
        ({ manager, server, at }) => {
          const served: Promise<string>[] = [];
          for (let ms = 0; ms < seconds(30); ms += 500)
            at(hours(2) + ms, () => served.push(manager.getValidToken()));
          return async () => {
            expect(new Set(await Promise.all(served))).toEqual(new Set(['A2']));
            expect(server.counters.requests).toBe(1);
          };
        },
        { manager: fullFor(Infinity), untilMs: hours(2) + minutes(1) },
      ),
    );

    it(
      'a sibling is not let in, who would find the old refresh token and spend it',
      inVirtualTime(
        ({ manager, server, store, scheduler, at, expectObservable }) => {
          const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
          at(hours(2), () => void manager.getValidToken());
          expectObservable(outcome(sibling.validToken$), '120m 100ms ^').toBe('120m 100ms 10s (e|)', {
            e: 'lock_timeout',
          });
          return () => {
            expect([...server.presented]).toEqual([['R1', 1]]);
            sibling.dispose();
          };
        },
        { manager: fullFor(Infinity), untilMs: hours(2.2) },
      ),
    );

    it(
      'a sibling that waited adopts the new one as soon as it is saved',
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
          const theirs: Promise<string>[] = [];
          at(hours(2), () => void manager.getValidToken());
          at(hours(2) + 100, () => theirs.push(sibling.getValidToken()));
          return async () => {
            expect(await theirs[0]).toBe('A2');
            expect(server.counters.requests).toBe(1);
            sibling.dispose();
          };
        },
        { manager: fullFor(2), untilMs: hours(2.2) },
      ),
    );

    it(
      'a refresh while memory is ahead of the store starts from what only memory has',
      inVirtualTime(
        ({ manager, server, store, scheduler }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          return () => {
            expect(tokens.slice(0, 4)).toEqual([
              [0, 'A1'],
              [seconds(5), 'A2'],
              [seconds(10), 'A3'],
              [seconds(15), 'A4'],
            ]);
            expect(Math.max(...server.presented.values())).toBe(1);
            expect(storedIn(store)?.access_token).toBe(tokens.at(-1)![1]);
          };
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 7)) }),
          server: { accessTokenLifetimeMs: seconds(10) },
          untilMs: minutes(10),
        },
      ),
    );

    it(
      'a sibling is not let in between the saving of one token and the arrival of its successor',
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
          manager.token$.subscribe();
          sibling.token$.subscribe();
          for (let ms = 0; ms < minutes(2); ms += 200) at(ms, () => sibling.getValidToken().catch(codeOf));
          return () => {
            expect(server.counters.reuses).toBe(0);
            expect(Math.max(...server.presented.values())).toBe(1);
            sibling.dispose();
          };
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 5)) }),
          server: { accessTokenLifetimeMs: seconds(10), latencyMs: seconds(2) },
          untilMs: minutes(3),
        },
      ),
    );

    it(
      'an access token that a server rejects meanwhile is not served again',
      inVirtualTime(
        ({ manager, server, at }) => {
          const served: Promise<string>[] = [];
          at(hours(2), () => served.push(manager.getValidToken()));
          at(hours(2) + seconds(1), () => served.push(manager.renew('A2')));
          for (let n = 2; n < 60; n++) at(hours(2) + seconds(n), () => served.push(manager.getValidToken()));
          return async () => {
            expect([...new Set(await Promise.all(served))]).toEqual(['A2', 'A3']);
            expect([...server.presented]).toEqual([
              ['R1', 1],
              ['R2', 1],
            ]);
          };
        },
        { manager: fullFor(5), untilMs: hours(2) + minutes(3) },
      ),
    );

    it(
      'invalidate() is heard meanwhile, and stays heard however often the write is tried',
      inVirtualTime(
        ({ manager, server, at }) => {
          const served: Promise<unknown>[] = [];
          at(hours(2), () => served.push(manager.getValidToken()));
          at(hours(2) + seconds(1), () => {
            server.faults.next({ status: 503 });
            manager.invalidate('A2').catch(codeOf);
          });
          for (let n = 2; n < 9; n++)
            at(hours(2) + seconds(n), () => served.push(manager.getValidToken().catch(codeOf)));
          return async () => {
            const [first, ...rest] = await Promise.all(served);
            expect(first).toBe('A2');
            expect(rest).not.toContain('A2');
          };
        },
        { manager: fullFor(20, { maxWaitMs: 0, retry: () => minutes(1) }), untilMs: hours(2) + seconds(10) },
      ),
    );

    it(
      'invalidate() during a refresh from what only memory has costs neither its answer nor the lock',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          manager.token$.subscribe();
          at(seconds(10.5), () => manager.invalidate().catch(codeOf));
          return () => {
            expect(Math.max(...server.presented.values())).toBe(1);
            expect(server.isRefreshTokenValid(storedIn(store)!.refresh_token!)).toBe(true);
            expect(isFree(store)).toBe(true);
          };
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 5)) }),
          server: { accessTokenLifetimeMs: seconds(10), latencyMs: seconds(1) },
          untilMs: minutes(5) + seconds(3),
        },
      ),
    );

    it(
      'the journal of the spent token stands until then, and a denial of what only memory has is noted at last',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          manager.token$.subscribe();
          at(seconds(6), () => server.revoke('R2'));
          at(seconds(12), () => expect(snapshotIn(store)).toMatchObject({ pending: { sentAt: seconds(5) } }));
          at(seconds(12), () => expect(server.presented.get('R2')).toBe(1));
          return () => {
            expect(snapshotIn(store)).toMatchObject({ credentials: { refresh_token: 'R2' }, dead: true });
            expect([...server.presented]).toEqual([
              ['R1', 1],
              ['R2', 1],
            ]);
            expect(isFree(store)).toBe(true);
          };
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 5)) }),
          server: { accessTokenLifetimeMs: seconds(10) },
          untilMs: minutes(2),
        },
      ),
    );

    it(
      'an answer that comes late, and cannot be saved, is kept under a lock of its own',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          server.faults.next({ replyDelayMs: seconds(40) });
          at(minutes(59), () => void manager.getValidToken());
          at(minutes(59) + seconds(35), () => expect(isFree(store)).toBe(true));
          at(minutes(59) + seconds(41), () => expect(isFree(store)).toBe(false));
          return () => {
            expect(storedIn(store)?.refresh_token).toBe('R2');
            expect([...server.presented]).toEqual([['R1', 1]]);
            expect(isFree(store)).toBe(true);
          };
        },
        {
          manager: ({ store, server }) => ({
            store: faultyStore(store, failing('write', 3)),
            refresh: (held) => server.refresh(held), // deaf to the signal: what is late arrives late
          }),
          untilMs: hours(2),
        },
      ),
    );

    it(
      'signing out meanwhile drops it, and nothing brings the record back',
      inVirtualTime(
        ({ manager, store, scheduler, at }) => {
          const held = diaryOf(
            manager.credentials$,
            scheduler,
            (credentials) => credentials?.access_token ?? null,
          );
          at(hours(2), () => void manager.getValidToken());
          at(hours(2) + 100, () => manager.clear().catch(codeOf));
          at(hours(2) + seconds(30), () => expect(storedIn(store)).toBeNull());
          return () => {
            expect(storedIn(store)).toBeNull();
            expect(held.at(-1)).toEqual([hours(2) + 100, null]);
          };
        },
        { manager: fullFor(1), untilMs: hours(3) },
      ),
    );

    it.each([
      ['with a refresh from memory under way', 6.5],
      ['with none', 8.5],
    ])(
      'signing in meanwhile, %s, ends it for good: nothing of the first account comes back',
      (_what, signsIn) =>
        inVirtualTime(
          ({ manager, server, store, scheduler, at }) => {
            const signedInAt = seconds(signsIn);
            const tokens = diaryOf(manager.token$, scheduler);
            const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
            const served: Promise<string>[] = [];
            at(
              signedInAt,
              () => void manager.set(server.signIn({ access_token: 'B1', refresh_token: 'S1' })),
            );
            for (const ms of [0, 500, 1_500]) at(signedInAt + ms, () => served.push(manager.getValidToken()));
            return async () => {
              expect(tokens.filter(([at]) => at >= signedInAt)).toEqual([[signedInAt, 'B1']]);
              expect(events.filter(([at]) => at >= signedInAt)).toEqual([[signedInAt, 'set']]);
              expect(await Promise.all(served)).toEqual(['B1', 'B1', 'B1']);
              expect(storedIn(store)?.access_token).toBe('B1');
              expect(isFree(store)).toBe(true);
            };
          },
          {
            manager: ({ store }) => ({
              store: faultyStore(store, refusing(/^A\d$/)),
              refreshAheadMs: seconds(2),
            }),
            server: { accessTokenLifetimeMs: seconds(10), latencyMs: seconds(1) },
            untilMs: seconds(signsIn + 2.5),
          },
        )(),
    );

    it(
      'with strictPersist its callers fail instead, until it is saved',
      inVirtualTime(
        ({ manager, server, store, expectObservable, scheduler, at }) => {
          const held = diaryOf(manager.credentials$, scheduler, (credentials) => credentials?.access_token);
          expectObservable(outcome(manager.validToken$), '120m     ^').toBe('120m     (e|)', {
            e: 'store_unwritable',
          });
          expectObservable(outcome(manager.validToken$), '120m 60s ^').toBe('120m 60s (b|)', { b: 'A2' });
          at(hours(2) + 1, () => expect(held).toEqual([[0, 'A1']]));
          return () => {
            expect(storedIn(store)?.refresh_token).toBe('R2');
            expect([...server.presented]).toEqual([['R1', 1]]);
          };
        },
        {
          manager: fullFor(3, { strictPersist: true, maxWaitMs: 0 }),
          untilMs: hours(2) + minutes(2),
        },
      ),
    );

    it(
      'and nobody is served it before that, not even if the answer came late',
      inVirtualTime(
        ({ manager, server, at, scheduler }) => {
          server.faults.next({ replyDelayMs: seconds(40) });
          const held = diaryOf(manager.credentials$, scheduler, (credentials) => credentials?.access_token);
          at(minutes(59), () => void manager.getValidToken());
          return () =>
            expect(held).toEqual([
              [0, 'A1'],
              [minutes(59) + seconds(41.5), 'A2'],
            ]);
        },
        {
          manager: ({ store, server, scheduler }) => ({
            store: faultyStore(store, (action) => {
              if (action === 'write' && scheduler.now() < minutes(59) + seconds(41)) throw fullDisk();
              return undefined;
            }),
            strictPersist: true,
            random: () => 0,
            refresh: (held) => server.refresh(held), // deaf to the signal: what is late arrives late
          }),
          untilMs: hours(1),
        },
      ),
    );
  });

  it(
    'if another tool has touched another field, it merges again and writes again',
    inVirtualTime(
      ({ manager, server, store, at, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(59) + 500, () => touch(store, { theme: 'dark' }));
        return () => {
          expect(tokens[1]).toEqual([minutes(59) + seconds(1), 'A2']);
          expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2', theme: 'dark' });
          expect(server.counters.requests).toBe(1);
        };
      },
      { server: { latencyMs: seconds(1) }, untilMs: hours(1) },
    ),
  );

  it(
    'if another tool touches a field while memory is ahead, that field survives too',
    inVirtualTime(
      ({ manager, store, at }) => {
        at(hours(2), () => void manager.getValidToken());
        at(hours(2) + 100, () => touch(store, { theme: 'dark' }));
        return () =>
          expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2', theme: 'dark' });
      },
      { manager: fullFor(1), untilMs: hours(2) + minutes(1) },
    ),
  );

  it(
    'and so it does with what the new token does not inherit: it stays without',
    inVirtualTime(
      ({ manager, store, at }) => {
        at(hours(2), () => void manager.getValidToken());
        at(hours(2) + 100, () => touch(store, { theme: 'dark' }));
        return () =>
          expect({ ...storedIn(store) }).toStrictEqual({
            access_token: 'A2',
            refresh_token: 'R2',
            theme: 'dark',
          });
      },
      {
        initial: {
          access_token: 'A1',
          refresh_token: 'R1',
          expires_at: hours(1),
          expires_in: 3600,
          token_type: 'Bearer',
        },
        manager: fullFor(1, { refresh: () => ({ access_token: 'A2', refresh_token: 'R2' }) }),
        untilMs: hours(2) + minutes(1),
      },
    ),
  );

  describe('if the journal cannot be written before sending', () => {
    const noJournal: VirtualTimeConfig['manager'] = ({ store }) => ({
      store: faultyStore(store, failing('prepare')),
    });

    it(
      'nothing is sent while the token is unexpired',
      inVirtualTime(
        ({ manager, server, expectObservable }) => {
          manager.token$.subscribe();
          expectObservable(manager.validToken$, '59m 30s ^').toBe('59m 30s (a|)', { a: 'A1' });
          return () => expect(server.counters.requests).toBe(0);
        },
        { manager: noJournal, untilMs: hours(1) - 1 },
      ),
    );

    it(
      'it is sent when the token has expired, for nothing can wait any more',
      inVirtualTime(
        ({ manager, expectObservable }) => {
          expectObservable(manager.validToken$, '60m ^').toBe('60m (b|)', { b: 'A2' });
        },
        { manager: noJournal },
      ),
    );

    it(
      'and when a server has rejected it',
      inVirtualTime(
        ({ manager, expectObservable }) => {
          expectObservable(manager.renewal('A1'), '10m ^').toBe('10m (b|)', { b: 'A2' });
        },
        { manager: noJournal },
      ),
    );
  });

  it(
    'the journal is there while the request is under way, and void after it',
    inVirtualTime(
      ({ manager, store, at }) => {
        at(hours(2), () => void manager.getValidToken());
        at(hours(2) + 500, () =>
          expect(snapshotIn(store).pending).toMatchObject({
            sentAt: hours(2),
            until: hours(2) + seconds(30),
          }),
        );
        return () => expect(snapshotIn(store).pending).toBeUndefined();
      },
      { server: { latencyMs: seconds(1) }, untilMs: hours(3) },
    ),
  );

  it(
    'also where the provider gives the very same tokens again',
    inVirtualTime(
      ({ manager, store, at }) => {
        at(minutes(10), () => void manager.renew('A1'));
        return () => {
          expect(storedIn(store)).toMatchObject({ access_token: 'A1', expires_at: hours(1) + minutes(10) });
          expect(snapshotIn(store).pending).toBeUndefined();
        };
      },
      {
        manager: { refresh: () => of({ access_token: 'A1', refresh_token: 'R1', expires_in: 3600 }) },
        untilMs: minutes(20),
      },
    ),
  );
});

/** The first two of every `count` writes fail. */
function everyOther(count: number) {
  let writes = 0;
  return (action: StoreAction) => {
    if (action === 'write' && writes++ % count < 2) throw new Error('no');
    return undefined;
  };
}

/** Refuses to write these tokens, whatever else it takes. */
function refusing(tokens: RegExp): Meddler {
  return (action, next) => {
    if (action === 'write' && tokens.test((next as Credentials | null)?.access_token ?? '')) throw fullDisk();
    return undefined;
  };
}
