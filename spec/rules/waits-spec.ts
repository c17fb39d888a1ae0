import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { NEVER, of, type Observable } from 'rxjs';
import { type CredentialStore, StoreError } from 'rx-token';
import type { VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { faultyStore, type StoreAction } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite, storedIn, unheard } from '../helpers/stored.js';

/** With a client that does not hear the signal: its answer may come after it has been given up. */
const late: VirtualTimeConfig = {
  manager: ({ server }) => ({ refresh: (held) => server.refresh(held), retry: () => seconds(5) }),
  untilMs: hours(2),
};

describe('rule 8: every wait ends', () => {
  describe('an exchange after refreshTimeoutMs', () => {
    it(
      'by default after 30 s, with an error that says that the answer was lost',
      inVirtualTime(({ manager, server, at }) => {
        server.faults.always({ dropBeforeCommit: 'hang' });
        const errors: unknown[] = [];
        at(hours(2), () => manager.validToken$.subscribe({ error: (error: unknown) => errors.push(error) }));
        at(hours(2) + seconds(30) - 1, () => expect(errors).toEqual([]));
        at(hours(2) + seconds(30) + 1, () =>
          expect(errors).toMatchObject([{ code: 'refresh_unavailable', ambiguous: true }]),
        );
      }),
    );

    it(
      'and the next one is not kept waiting by it: the slot is free',
      inVirtualTime(
        ({ manager, server, expectObservable }) => {
          server.faults.next({ dropBeforeCommit: 'hang' });
          expectObservable(outcome(manager.validToken$), '120m    ^').toBe('120m 2s (e|)', {
            e: 'refresh_unavailable',
          });
          expectObservable(outcome(manager.validToken$), '120m 4s ^').toBe('120m 4s (b|)', { b: 'A2' });
          return () => expect(server.counters.requests).toBe(2);
        },
        { manager: { refreshTimeoutMs: seconds(2), retry: () => seconds(1) } },
      ),
    );

    it('and the callback is told by its signal', () => {
      const signals: AbortSignal[] = [];
      void inVirtualTime(
        ({ manager, at }) => {
          at(hours(2), () => manager.getValidToken().catch(codeOf));
          at(hours(2) + 1_999, () => expect(signals[0]!.aborted).toBe(false));
          at(hours(2) + 2_001, () => expect(signals[0]!.aborted).toBe(true));
        },
        {
          manager: {
            refreshTimeoutMs: seconds(2),
            refresh: (_held, { signal }) => (signals.push(signal), new Promise(() => undefined)),
          },
          untilMs: hours(3),
        },
      )();
    });

    it('and a signal of an exchange that went well stays silent', () => {
      const signals: AbortSignal[] = [];
      void inVirtualTime(({ manager, at }) => at(hours(2), () => manager.getValidToken().catch(codeOf)), {
        manager: ({ server }) => ({
          refresh: (held, { signal }) => (signals.push(signal), server.refresh(held)),
        }),
        untilMs: hours(3),
      })();

      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    });
  });

  describe('the lock after lockTimeoutMs', () => {
    const held = ({ lock }: CredentialStore, hold$: Observable<unknown>) =>
      lock.hold(() => hold$).subscribe();

    it(
      'with LockTimeoutError, and without a request',
      inVirtualTime(({ manager, server, store, hot, expectObservable }) => {
        held(store, hot('-'));
        expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 10s (e|)', { e: 'lock_timeout' });
        return () => expect(server.counters.requests).toBe(0);
      }),
    );

    it(
      'whatever the lock has to say of its holder',
      inVirtualTime(
        ({ manager, store, hot, expectObservable }) => {
          held(store, hot('-'));
          expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 10s (e|)', {
            e: 'lock_timeout',
          });
        },
        {
          manager: ({ store }) => ({
            store: { ...store, lock: { ...store.lock, holder: () => of({ by: 'a tab', since: 1e300 }) } },
          }),
        },
      ),
    );

    it(
      'but adopts what a sibling has stored meanwhile',
      inVirtualTime(
        ({ manager, server, store, hot, at, expectObservable }) => {
          held(store, hot('-'));
          const theirs = { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) };
          at(hours(2) + seconds(5), () => overwrite(store, theirs));
          expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 10s (t|)', { t: 'theirs' });
          return () => expect(server.counters.requests).toBe(0);
        },
        { manager: ({ store }) => ({ store: unheard(store) }) },
      ),
    );

    it(
      'and the lock is not taken later by one who has given up',
      inVirtualTime(({ manager, server, store, hot, at, expectObservable, cold }) => {
        held(store, hot('120m 20s |'));
        at(hours(2), () => manager.getValidToken().catch(codeOf));
        expectObservable(
          store.lock.hold(() => cold('(x|)')),
          '120m 15s ^',
        ).toBe('120m 20s (x|)');
        return () => expect(server.counters.requests).toBe(0);
      }),
    );

    it(
      'and the next caller tries again, as after any failure',
      inVirtualTime(
        ({ manager, server, store, hot, expectObservable }) => {
          held(store, hot('120m 12s |'));
          expectObservable(outcome(manager.validToken$), '120m     ^').toBe('120m 10s (e|)', {
            e: 'lock_timeout',
          });
          expectObservable(outcome(manager.validToken$), '120m 11s ^').toBe('120m 11s 1s (b|)', { b: 'A2' });
          return () => expect(server.counters.requests).toBe(1);
        },
        { manager: { retry: () => seconds(1) } },
      ),
    );

    it(
      'a lock that comes free in time is reported with how long it took',
      inVirtualTime(({ manager, store, hot, scheduler, at }) => {
        held(store, hot('120m 3s |'));
        const waited = diaryOf(manager.events$, scheduler, (event) =>
          event.type === 'lock-waited' ? event.waitedMs : event.type,
        );
        at(hours(2), () => void manager.getValidToken());
        return () =>
          expect(waited).toEqual([
            [hours(2), 'loaded'],
            [hours(2) + seconds(3), 3_000],
            [hours(2) + seconds(3), 'refresh-started'],
            [hours(2) + seconds(3), 'refreshed'],
          ]);
      }),
    );
  });

  describe('a store that does not answer, after refreshTimeoutMs', () => {
    const hanging = (action: StoreAction): VirtualTimeConfig => ({
      manager: ({ store }) => ({
        store: faultyStore(store, (asked) => (asked === action ? NEVER : undefined)),
        refreshTimeoutMs: seconds(2),
        maxWaitMs: 0,
      }),
      untilMs: minutes(1),
    });
    const reasonOf = (error: unknown) =>
      error instanceof StoreError ? [error.code, error.reason] : codeOf(error);

    it(
      'to be read: with a StoreError that says so',
      inVirtualTime(({ manager, server, at, expectObservable }) => {
        const failed: Promise<unknown>[] = [];
        at(0, () => failed.push(manager.getValidToken().catch(reasonOf)));
        at(0, () => failed.push(manager.peek().catch(reasonOf)));
        expectObservable(outcome(manager.validToken$)).toBe('2s (e|)', { e: 'store_unreadable' });
        return async () => {
          expect(await Promise.all(failed)).toEqual(Array(2).fill(['store_unreadable', 'ETIMEDOUT']));
          expect(server.counters.requests).toBe(0);
        };
      }, hanging('read')),
    );

    it(
      'to be written: with one too, and what was held is served again',
      inVirtualTime(({ manager, at, expectObservable }) => {
        const failed: Promise<unknown>[] = [];
        at(0, () => void manager.getValidToken());
        at(10, () => failed.push(manager.set({ access_token: 'B1' }).catch(reasonOf)));
        expectObservable(manager.validToken$, '20ms ^').toBe('2010ms (a|)', { a: 'A1' });
        return async () => expect(await failed[0]).toEqual(['store_unwritable', 'ETIMEDOUT']);
      }, hanging('write')),
    );

    it(
      'to take a note before the request: with one too, and nothing is sent while the token is good',
      inVirtualTime(
        ({ manager, server, at }) => {
          const failed: Promise<unknown>[] = [];
          const asked = { minValidityMs: minutes(54) };
          at(minutes(10), () => failed.push(manager.getValidToken(asked).catch(reasonOf)));
          return async () => {
            expect(await failed[0]).toEqual(['store_unwritable', 'ETIMEDOUT']);
            expect(server.counters.requests).toBe(0);
          };
        },
        { ...hanging('prepare'), untilMs: minutes(11) },
      ),
    );

    it(
      'to take a note that nothing was spent: with what the provider has said',
      inVirtualTime(({ manager, server, at }) => {
        const failed: Promise<unknown>[] = [];
        server.faults.always({ status: 503 });
        at(10, () => failed.push(manager.renew('A1').catch(codeOf)));
        return async () => expect(await failed[0]).toBe('refresh_unavailable');
      }, hanging('acquit')),
    );

    it(
      'to take a note that a token is dead: with what the provider has said',
      inVirtualTime(({ manager, server, at }) => {
        const failed: Promise<unknown>[] = [];
        server.revoke('R1');
        at(10, () => failed.push(manager.renew('A1').catch(codeOf)));
        return async () => expect(await failed[0]).toBe('refresh_rejected');
      }, hanging('condemn')),
    );
  });

  describe("a caller's signal", () => {
    const slow = { server: { latencyMs: seconds(1) } };

    it(
      'detaches that caller, with its own reason, and nobody else',
      inVirtualTime(({ manager, server, at }) => {
        const impatient = new AbortController();
        const reason = new Error('The user went away');
        let left: Promise<unknown>, stayed: Promise<string>;
        at(hours(2), () => {
          left = manager.getValidToken({ signal: impatient.signal }).catch((error: unknown) => error);
          stayed = manager.getValidToken({ signal: new AbortController().signal });
        });
        at(hours(2) + 500, () => impatient.abort(reason));
        return async () => {
          expect(await left).toBe(reason);
          expect(await stayed).toBe('A2');
          expect(server.counters.requests).toBe(1);
        };
      }, slow),
    );

    it(
      'that has aborted already is heard before anything is done',
      inVirtualTime(({ manager, server, at }) => {
        let left: Promise<unknown>;
        at(hours(2), () => (left = manager.getCredentials({ signal: AbortSignal.abort() }).catch(codeOf)));
        return async () => {
          expect(await left).toBe(20); // AbortError, as a DOMException
          expect(server.counters.requests).toBe(0);
        };
      }, slow),
    );

    it(
      'ends the wait for the next attempt',
      inVirtualTime(
        ({ manager, server, at }) => {
          server.faults.always({ status: 503 });
          const leaving = new AbortController();
          const settled: unknown[] = [];
          at(hours(2), () => manager.getValidToken().catch(codeOf));
          at(hours(2) + 100, () => {
            manager.getValidToken({ signal: leaving.signal }).catch((error: unknown) => settled.push(error));
          });
          at(hours(2) + 200, () => leaving.abort('enough'));
          return async () => {
            await Promise.resolve();
            await Promise.resolve();
            expect(settled).toEqual(['enough']);
          };
        },
        { manager: { retry: () => seconds(3) }, untilMs: hours(2) + seconds(2) },
      ),
    );

    it('is let go of when the caller is served: no listener stays', () => {
      const { signal } = new AbortController();
      const listeners: number[] = [];
      const count = () => listeners.push(getEventListeners(signal, 'abort').length);
      void inVirtualTime(
        ({ manager, at }) => {
          at(0, () => manager.getValidToken({ signal }));
          at(1, count);
          at(hours(2), () => manager.getValidToken({ signal }));
          at(hours(2) + 500, count);
          at(hours(2) + 1_500, count);
        },
        { ...slow, untilMs: hours(3) },
      )();

      expect(listeners).toEqual([0, 1, 0]);
    });
  });

  describe('an answer that arrives after the timeout', () => {
    it(
      'is persisted and published if the store still holds the token it was obtained with',
      inVirtualTime(({ manager, server, store, scheduler }) => {
        server.faults.next({ replyDelayMs: seconds(40) });
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(tokens.slice(0, 2)).toEqual([
            [0, 'A1'],
            [minutes(59) + seconds(40), 'A2'],
          ]);
          expect(server.presented.get('R1')).toBe(1);
          expect(storedIn(store)?.refresh_token).toBe('R3');
        };
      }, late),
    );

    it(
      'is dropped after a sign-in',
      inVirtualTime(({ manager, server, store, scheduler, at }) => {
        server.faults.next({ replyDelayMs: seconds(40) });
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(59) + seconds(35), () => void manager.set(server.signIn()));
        at(minutes(59) + seconds(41), () => expect(storedIn(store)?.refresh_token).toBe('R3'));
        return () =>
          expect(tokens.slice(0, 3)).toEqual([
            [0, 'A1'],
            [minutes(59) + seconds(35), 'A3'],
            [minutes(118) + seconds(35), 'A4'],
          ]);
      }, late),
    );

    it(
      'is dropped after a sign-out',
      inVirtualTime(({ manager, server, store, scheduler, at }) => {
        server.faults.next({ replyDelayMs: seconds(40) });
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(59) + seconds(35), () => void manager.clear());
        return () => {
          expect(tokens).toEqual([[0, 'A1']]);
          expect(storedIn(store)).toBeNull();
        };
      }, late),
    );

    it(
      'is dropped if somebody else has replaced what it was obtained with',
      inVirtualTime(({ manager, server, store, scheduler, at }) => {
        server.faults.next({ replyDelayMs: seconds(40) });
        const tokens = diaryOf(manager.token$, scheduler);
        const theirs = { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) };
        at(minutes(59) + seconds(35), () => overwrite(store, theirs));
        return () => {
          expect(tokens).toEqual([
            [0, 'A1'],
            [minutes(59) + seconds(35), 'theirs'],
          ]);
          expect(storedIn(store)?.refresh_token).toBe('R9');
        };
      }, late),
    );

    it(
      'serves who waits for the next attempt',
      inVirtualTime(
        ({ manager, server, at, expectObservable }) => {
          server.faults.next({ replyDelayMs: seconds(32) });
          at(hours(2), () => manager.getValidToken().catch(codeOf));
          expectObservable(outcome(manager.validToken$), '120m 31s ^').toBe('120m 32s (b|)', { b: 'A2' });
          return () => expect(server.counters.requests).toBe(1);
        },
        { ...late, untilMs: hours(3) },
      ),
    );
  });
});
