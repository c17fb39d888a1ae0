import { inspect } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import { concat, delay, from, ignoreElements, NEVER, throwError, timer, type Observable } from 'rxjs';
import type { Credentials, CredentialLock } from 'rx-token';
import { createTokenManager, memoryStore, NoCredentialsError, type TokenEvent } from 'rx-token';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore, fullDisk } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { storedIn } from '../helpers/stored.js';

const slow = { server: { latencyMs: seconds(1) } };

describe('set() signs in, clear() signs out: both win over a refresh in flight and never wait for one', () => {
  it(
    'set() takes stored credentials as they are, where expires_at decides',
    inVirtualTime(
      ({ manager, store, at }) => {
        const record = {
          access_token: 'B1',
          refresh_token: 'S1',
          expires_in: 3600,
          expires_at: 5_000,
          plan: 'pro',
        };
        at(10, () => void manager.set(record));
        return () => expect(storedIn(store)).toEqual(record);
      },
      { untilMs: 100 },
    ),
  );

  it(
    "and a provider's raw answer, where expires_in counts from now",
    inVirtualTime(
      ({ manager, store, at }) => {
        at(
          10,
          () => void manager.set({ access_token: 'B1', refresh_token: '', expires_in: '60', scope: null }),
        );
        return () =>
          expect(storedIn(store)).toEqual({ access_token: 'B1', expires_in: '60', expires_at: 60_010 });
      },
      { untilMs: 100 },
    ),
  );

  it.each([
    null,
    undefined,
    'a token',
    {},
    { access_token: '' },
    { access_token: 7 },
    { error: 'invalid_grant' },
  ])('set(%p) is a TypeError, and changes nothing', (wrong) =>
    inVirtualTime(
      ({ manager, store, at }) => {
        let outcome: Promise<unknown>;
        at(10, () => (outcome = manager.set(wrong as never).catch((error: unknown) => error)));
        return async () => {
          expect(await outcome).toBeInstanceOf(TypeError);
          expect(storedIn(store)?.access_token).toBe('A1');
        };
      },
      { untilMs: 100 },
    )(),
  );

  it(
    'done when durable: who calls in between waits for the new token, and nobody is served the old one',
    inVirtualTime(
      ({ manager, server, at, scheduler, expectObservable }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        const done: unknown[] = [];
        let isSet: Promise<unknown> | undefined;
        at(1_000, () => {
          isSet = manager.set(server.signIn()).then(() => done.push('set'));
        });
        expectObservable(manager.validToken$, '1100ms ^').toBe('1250ms (b|)', { b: 'A2' });
        return async () => {
          await isSet;
          expect(done).toEqual(['set']);
          expect(tokens).toEqual([
            [0, 'A1'],
            [1_250, 'A2'],
          ]);
        };
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) => (action === 'write' ? timer(250, scheduler) : undefined)),
        }),
        untilMs: 2_000,
      },
    ),
  );

  it.each<[string, Credentials | null, unknown[]]>([
    ['set()', { access_token: 'B1' }, [[1_250, 'B1']]],
    ['clear()', null, []],
  ])(
    'who subscribes to token$ while %s is being written is not shown the old token',
    (_what, next, expected) =>
      inVirtualTime(
        ({ manager, at, scheduler }) => {
          const late: unknown[] = [];
          at(1, () => void manager.getValidToken());
          at(1_000, () => void (next ? manager.set(next) : manager.clear()));
          at(1_100, () => late.push(diaryOf(manager.token$, scheduler)));
          return () => expect(late).toEqual([expected]);
        },
        {
          manager: ({ store, scheduler }) => ({
            store: faultyStore(store, (action) => (action === 'write' ? timer(250, scheduler) : undefined)),
          }),
          untilMs: 2_000,
        },
      )(),
  );

  it(
    'and once that could not be written it is shown again',
    inVirtualTime(
      ({ manager, at, scheduler }) => {
        const late: unknown[] = [];
        at(1, () => void manager.getValidToken());
        at(1_000, () => manager.clear().catch(codeOf));
        at(1_100, () => late.push(diaryOf(manager.token$, scheduler)));
        return () => expect(late).toEqual([[[1_250, 'A1']]]);
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) =>
            action === 'write' ? concat(timer(250, scheduler), throwError(fullDisk)) : undefined,
          ),
        }),
        untilMs: 2_000,
      },
    ),
  );

  it(
    'in the order in which they were called, however slow the first of them is',
    inVirtualTime(
      ({ manager, store, at, scheduler }) => {
        const held = diaryOf(manager.credentials$, scheduler, (now) => now?.access_token ?? null);
        at(10, () => void manager.set({ access_token: 'B1', expires_in: 60 }));
        at(11, () => void manager.clear());
        at(12, () => void manager.set({ access_token: 'B2', expires_in: 60 }));
        return () => {
          expect(held.map(([, token]) => token)).toEqual(['A1', 'B1', null, 'B2']);
          expect(storedIn(store)?.access_token).toBe('B2');
        };
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action, next) =>
            action === 'write' && (next as Credentials | null)?.access_token === 'B1'
              ? timer(500, scheduler)
              : undefined,
          ),
        }),
        untilMs: seconds(5),
      },
    ),
  );

  it(
    'reports that it could not be stored, and keeps what was there',
    inVirtualTime(
      ({ manager, store, at, expectObservable }) => {
        const outcomes: Promise<unknown>[] = [];
        at(10, () => outcomes.push(manager.set({ access_token: 'B1', expires_in: 60 }).catch(codeOf)));
        at(20, () => outcomes.push(manager.clear().catch(codeOf)));
        expectObservable(manager.validToken$, '30ms ^').toBe('30ms (a|)', { a: 'A1' });
        return async () => {
          expect(await Promise.all(outcomes)).toEqual(['store_unwritable', 'store_unwritable']);
          expect(storedIn(store)?.access_token).toBe('A1');
        };
      },
      { manager: ({ store }) => ({ store: faultyStore(store, failing('write')) }), untilMs: 100 },
    ),
  );

  it(
    'a sign-in that could not be stored does not throw away what a refresh in flight is about to bring',
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(59) + 500, () => manager.set(server.signIn()).catch(codeOf));
        return () => {
          expect(tokens[1]).toEqual([minutes(59) + seconds(1), 'A2']);
          expect([...server.presented]).toEqual([['R1', 1]]);
        };
      },
      {
        ...slow,
        manager: ({ store }) => ({ store: faultyStore(store, failing('write', 1)) }),
        untilMs: hours(1.5),
      },
    ),
  );

  it(
    'the echo of a sign-in or a sign-out is no news of a sibling, however early the store hints at it',
    inVirtualTime(
      ({ scheduler, store, at }) => {
        const hasty = {
          ...store,
          write: (...given: Parameters<typeof store.write>) =>
            from(store.write(...given)).pipe(delay(5, scheduler)), // it hints at once
        };
        const tokens = createTokenManager({ store: hasty, refresh: () => NEVER, scheduler });
        const told = (event: TokenEvent) => [event.type, 'by' in event ? event.by : undefined];
        const heard = diaryOf(tokens.events$, scheduler, told);
        tokens.credentials$.subscribe();
        at(10, () => void tokens.clear());
        at(20, () => void tokens.set({ access_token: 'B1', expires_in: 3600 }));
        return () => {
          expect(heard).toEqual([
            [0, ['loaded', undefined]],
            [15, ['cleared', 'self']],
            [25, ['set', 'self']],
          ]);
          tokens.dispose();
        };
      },
      { untilMs: 100 },
    ),
  );

  describe('during a refresh in flight', () => {
    it(
      'set() of what is held, as of an application that restores itself, loses nothing: the flight saves over it',
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          at(minutes(59) + 500, () => void manager.set(storedIn(store)!));
          return () => {
            expect(tokens.slice(0, 2)).toEqual([
              [0, 'A1'],
              [minutes(59) + seconds(1), 'A2'],
            ]);
            expect(storedIn(store)).toMatchObject({ refresh_token: 'R2' });
            expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
          };
        },
        { ...slow, untilMs: hours(1) + minutes(30) },
      ),
    );

    const dueAt = hours(2);

    it.each(['validToken$', 'renewal'] as const)(
      'set(): whoever waited through %s gets the new token',
      (way) =>
        inVirtualTime(({ manager, server, at, expectObservable }) => {
          at(dueAt + 500, () => void manager.set(server.signIn()));
          const waiting$ = way === 'renewal' ? manager.renewal('A1') : manager.validToken$;
          expectObservable(waiting$, '120m ^').toBe('120m 500ms (c|)', { c: 'A3' });
          return () => {
            expect([...server.presented]).toEqual([['R1', 1]]);
            expect(server.counters.reuses).toBe(0);
          };
        }, slow)(),
    );

    it(
      'set(): promises too, each of them',
      inVirtualTime(
        ({ manager, server, at }) => {
          const served: Promise<unknown>[] = [];
          at(dueAt, () =>
            served.push(manager.getValidToken(), manager.renew('A1'), manager.getValidToken({})),
          );
          at(dueAt + 500, () => void manager.set(server.signIn()));
          return async () => {
            expect(await Promise.all(served)).toEqual(['A3', 'A3', 'A3']);
            expect([...server.presented]).toEqual([['R1', 1]]);
          };
        },
        { ...slow, untilMs: hours(2.5) },
      ),
    );

    it(
      'clear(): whoever waited gets NoCredentialsError, and no request is made for them',
      inVirtualTime(({ manager, server, store, at, expectObservable }) => {
        at(dueAt + 500, () => void manager.clear());
        expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 500ms (e|)', {
          e: 'no_credentials',
        });
        return () => {
          expect(storedIn(store)).toBeNull();
          expect([...server.presented]).toEqual([['R1', 1]]);
        };
      }, slow),
    );

    it(
      'clear(): the reply touches neither the store nor token$, and no timer is armed again',
      inVirtualTime(
        ({ manager, server, store, at, scheduler }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          const held = diaryOf(manager.credentials$, scheduler, (now) => now?.access_token ?? null);
          at(minutes(59) + 500, () => void manager.clear());
          return () => {
            expect(tokens).toEqual([[0, 'A1']]);
            expect(held).toEqual([
              [0, 'A1'],
              [minutes(59) + 500, null],
            ]);
            expect(storedIn(store)).toBeNull();
            expect(server.counters.requests).toBe(1);
          };
        },
        { ...slow, untilMs: hours(24) },
      ),
    );

    it(
      'the callback hears that nobody waits any more',
      inVirtualTime(
        ({ manager, at }) => {
          at(dueAt, () => manager.getValidToken().catch(codeOf));
          at(dueAt + 500, () => void manager.clear());
          return () => expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
        },
        {
          manager: { refresh: (_held, { signal }) => (signals.push(signal), NEVER) },
          untilMs: dueAt + 501,
        },
      ),
    );

    it.each<[string, Credentials | null, string | null, unknown]>([
      ['set()', { access_token: 'B1' }, 'B1', 'B1'],
      ['clear()', null, null, 'no_credentials'],
    ])(
      '%s: what has been saved already, while the lock is being given back, is for nobody any more',
      (_what, next, left, served) =>
        inVirtualTime(
          ({ manager, store, server, at, scheduler }) => {
            const held = diaryOf(manager.credentials$, scheduler, (now) => now?.access_token ?? null);
            const waiting: Promise<unknown>[] = [];
            at(dueAt, () => waiting.push(manager.getValidToken().catch(codeOf)));
            at(dueAt + 20, () => expect(storedIn(store)?.access_token).toBe('A2'));
            at(dueAt + 21, () => void (next ? manager.set(next) : manager.clear()));
            return async () => {
              expect(held).toEqual([
                [0, 'A1'],
                [dueAt + 21, left],
              ]);
              expect(storedIn(store)?.access_token ?? null).toBe(left);
              expect(await waiting[0]).toBe(served);
              expect(server.counters.requests).toBe(1);
            };
          },
          {
            manager: ({ store, scheduler }) => ({
              store: { ...store, lock: slowToFree(store.lock, timer(50, scheduler)) },
            }),
            untilMs: dueAt + seconds(1),
          },
        )(),
    );

    it(
      "the other account's late denial cannot sign the new one out",
      inVirtualTime(
        ({ manager, server, at, scheduler }) => {
          server.faults.next({ status: 400, body: { error: 'invalid_grant' }, replyDelayMs: seconds(1) });
          const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
          const tokens = diaryOf(manager.token$, scheduler);
          at(minutes(59) + 500, () => void manager.set(server.signIn()));
          return () => {
            expect(tokens[1]).toEqual([minutes(59) + 500, 'A2']);
            expect(states.map(([, status]) => status)).not.toContain('reauthentication-required');
          };
        },
        { ...slow, untilMs: hours(1.5) },
      ),
    );

    it(
      'while the denial is being looked into too',
      inVirtualTime(
        ({ manager, server, at, scheduler }) => {
          server.revoke('R1');
          const tokens = diaryOf(manager.token$, scheduler);
          at(minutes(59) + 250, () => void manager.set(server.signIn()));
          at(minutes(60), () => manager.getValidToken().catch(codeOf));
          return () => expect(tokens[1]).toEqual([minutes(59) + 250, 'A2']);
        },
        { untilMs: hours(1.5) },
      ),
    );

    it(
      "a sibling's flight yields to a sign-out, and its reply does not bring the record back",
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
          const served: Promise<unknown>[] = [];
          at(dueAt, () => served.push(sibling.getValidToken().catch(codeOf)));
          at(dueAt + 500, () => void manager.clear());
          return async () => {
            expect(await served[0]).toBe('no_credentials');
            expect(storedIn(store)).toBeNull();
            sibling.dispose();
          };
        },
        { ...slow, untilMs: hours(3) },
      ),
    );

    it(
      "a sibling's flight yields to a sign-in, and its callers get the new account's token",
      inVirtualTime(
        ({ manager, server, store, scheduler, at }) => {
          const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
          const served: Promise<unknown>[] = [];
          at(dueAt, () => served.push(sibling.getValidToken().catch(codeOf)));
          at(dueAt + 500, () => void manager.set(server.signIn()));
          return async () => {
            expect(await served[0]).toBe('A3');
            expect(storedIn(store)?.refresh_token).toBe('R3');
            sibling.dispose();
          };
        },
        { ...slow, untilMs: dueAt + minutes(5) },
      ),
    );
  });

  const signals: AbortSignal[] = [];

  it(
    'clear() and set() in one breath: nothing of the first account reaches a caller of the second',
    inVirtualTime(
      ({ manager, server, at }) => {
        const served: Promise<unknown>[] = [];
        at(hours(2), () => served.push(manager.getValidToken().catch(codeOf)));
        at(hours(2) + 500, () => {
          void manager.clear();
          void manager.set(server.signIn());
          served.push(manager.getValidToken(), manager.renew('A1'));
        });
        at(hours(2) + 2_000, () => served.push(manager.getValidToken()));
        return async () => expect(await Promise.all(served)).toEqual(['no_credentials', 'A3', 'A3', 'A3']);
      },
      { ...slow, untilMs: hours(2.5) },
    ),
  );
});

describe('clear({ revoke })', () => {
  const signedIn = { access_token: 'A1', refresh_token: 'R1' };
  const over = (store = memoryStore(signedIn)) => ({
    store,
    tokens: createTokenManager({ store, refresh: () => NEVER }),
  });

  it('revokes what was stored, when the sign-out is durable, and is done when that is', async () => {
    const { store, tokens } = over();
    const seen: unknown[] = [];
    await tokens.clear({
      async revoke({ refresh_token }) {
        seen.push(refresh_token, storedIn(store));
        await Promise.resolve();
        seen.push('revoked');
      },
    });
    expect(seen).toEqual(['R1', null, 'revoked']);
    tokens.dispose();
  });

  it('revokes nothing where nobody is signed in', async () => {
    const { tokens } = over(memoryStore());
    const revoke = jest.fn(() => undefined);
    await tokens.clear({ revoke });
    expect(revoke).not.toHaveBeenCalled();
    tokens.dispose();
  });

  it.each([
    ['an error of ours', new NoCredentialsError(), 'no_credentials'],
    ['any other, which may hold a token,', new Error('R1'), 'callback_failed'],
  ])('rejects if revoking ends in %s, and the sign-out stands', async (_what, error, code) => {
    const { store, tokens } = over();
    const failed = await tokens
      .clear({ revoke: () => throwError(() => error) })
      .catch((caught: unknown) => caught);
    expect(failed).toMatchObject({ code });
    expect(inspect(failed)).not.toContain('R1');
    expect(storedIn(store)).toBeNull();
    tokens.dispose();
  });

  it('revokes what it holds where the store cannot be read any more', async () => {
    const { store } = over();
    let isBroken = false;
    const broken = faultyStore(store, (action) => {
      if (isBroken && action === 'read') throw new Error('EACCES');
      return undefined;
    });
    const tokens = createTokenManager({ store: broken, refresh: () => NEVER });
    await tokens.getValidToken();
    isBroken = true;
    const revoked: unknown[] = [];
    await tokens.clear({ revoke: ({ refresh_token }) => void revoked.push(refresh_token) });
    expect(revoked).toEqual(['R1']);
    expect(storedIn(store)).toBeNull();
    tokens.dispose();
  });

  it('revokes nothing that a sibling has signed out of', async () => {
    const { store, tokens } = over();
    await tokens.getValidToken();
    const sibling = createTokenManager({ store: { ...store, changes$: NEVER }, refresh: () => NEVER });
    const deaf = createTokenManager({ store: { ...store, changes$: NEVER }, refresh: () => NEVER });
    await deaf.getValidToken();
    await sibling.clear();
    const revoke = jest.fn(() => undefined);
    await deaf.clear({ revoke });
    expect(revoke).not.toHaveBeenCalled();
    for (const manager of [tokens, sibling, deaf]) manager.dispose();
  });

  it('signs out of what cannot be read, too', async () => {
    const { store } = over();
    const tokens = createTokenManager({ store: faultyStore(store, failing('read')), refresh: () => NEVER });
    await tokens.clear({ revoke: () => undefined });
    expect(storedIn(store)).toBeNull();
    tokens.dispose();
  });
});

/** A lock that takes a while to come free. */
function slowToFree({ lossy, hold }: CredentialLock, release$: Observable<unknown>): CredentialLock {
  return {
    lossy,
    hold: (critical) => hold((lease) => concat(critical(lease), release$.pipe(ignoreElements()))),
  };
}
