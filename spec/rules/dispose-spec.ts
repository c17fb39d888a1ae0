import { describe, expect, it } from '@jest/globals';
import { concat, NEVER, Observable, of, Subject, timer } from 'rxjs';
import {
  createTokenManager,
  type CredentialStore,
  type Lease,
  memoryStore,
  type TokenManager,
  type TokenManagerConfig,
} from 'rx-token';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { isFree, snapshotIn, storedIn } from '../helpers/stored.js';

const slow = { server: { latencyMs: seconds(1) } };

describe('dispose() ends every timer, watcher and subscription', () => {
  it(
    'token$, credentials$, state$ and events$ complete',
    inVirtualTime(({ manager, at, expectObservable }) => {
      expectObservable(manager.token$, '5m ^').toBe('5m a 59999ms |', { a: 'A1' });
      expectObservable(manager.credentials$, '7m ^').toBe('7m |');
      expectObservable(manager.state$, '7m ^').toBe('7m |');
      expectObservable(manager.events$, '7m ^').toBe('7m |');
      at(minutes(6), () => manager.dispose());
    }),
  );

  it(
    'what happened before is told first, even when it is called by who hears of it earlier',
    inVirtualTime(({ manager, scheduler }) => {
      const events = diaryOf(concat(manager.events$, of({ type: 'end' })), scheduler, ({ type }) => type);
      manager.token$.subscribe((token) => {
        if (token === 'A2') manager.dispose();
      });
      const at = minutes(59);
      return () =>
        expect(events.slice(1)).toEqual([
          [at, 'refresh-started'],
          [at, 'refreshed'],
          [at, 'end'],
        ]);
    }),
  );

  it(
    'whoever waits is let go with DisposedError',
    inVirtualTime(({ manager, at, expectObservable }) => {
      const disposed = { e: 'disposed' };
      expectObservable(outcome(manager.validToken$), '120m ^').toBe('120m 500ms (e|)', disposed);
      expectObservable(outcome(manager.renewal('A1')), '120m ^').toBe('120m 500ms (e|)', disposed);
      at(hours(2) + 500, () => manager.dispose());
    }, slow),
  );

  it(
    'also who waits for the next attempt, for the lock, or for the store',
    inVirtualTime(
      ({ manager, server, store, at, scheduler }) => {
        server.faults.next({ status: 503 });
        const waiting = [manager];
        const locked = createTokenManager({ store, refresh: server.refresh, scheduler });
        const stuck = createTokenManager({
          refresh: server.refresh,
          scheduler,
          store: { ...store, read: () => new Observable<never>(() => undefined) },
        });
        waiting.push(locked, stuck);
        const outcomes: Promise<unknown>[] = [];
        at(hours(2), () => manager.getValidToken().catch(codeOf));
        at(hours(2) + 10, () => store.lock.hold(() => new Observable(() => undefined)).subscribe());
        at(hours(2) + 20, () =>
          outcomes.push(...waiting.map((tokens) => tokens.getValidToken().catch(codeOf))),
        );
        at(hours(2) + 30, () => waiting.forEach((tokens) => tokens.dispose()));
        return async () => expect(await Promise.all(outcomes)).toEqual(['disposed', 'disposed', 'disposed']);
      },
      { manager: { retry: () => seconds(4) }, untilMs: hours(2) + 40 },
    ),
  );

  it(
    'also who peeks into a store that does not answer',
    inVirtualTime(
      ({ manager, at }) => {
        const peeked: Promise<unknown>[] = [];
        at(1, () => peeked.push(manager.peek().catch(codeOf)));
        at(2, () => manager.dispose());
        return async () => expect(await peeked[0]).toBe('disposed');
      },
      {
        manager: ({ store }) => ({
          store: faultyStore(store, (action) => (action === 'read' ? NEVER : undefined)),
        }),
        untilMs: minutes(1),
      },
    ),
  );

  it(
    'also who waits for a sign-in that the store does not take',
    inVirtualTime(
      ({ manager, at, expectObservable }) => {
        at(1, () => void manager.set({ access_token: 'B1' }).catch(codeOf));
        expectObservable(outcome(manager.validToken$), '--^').toBe('-----(e|)', { e: 'disposed' });
        at(5, () => manager.dispose());
      },
      {
        manager: ({ store }) => ({
          store: faultyStore(store, (action) => (action === 'write' ? NEVER : undefined)),
        }),
        untilMs: minutes(1),
      },
    ),
  );

  it('later calls fail with DisposedError, every one of them', async () => {
    const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });
    tokens.dispose();
    const calls: (() => Promise<unknown>)[] = [
      () => tokens.getValidToken(),
      () => tokens.getValidToken({ minValidityMs: 1 }),
      () => tokens.getCredentials(),
      () => tokens.peek(),
      () => tokens.invalidate(),
      () => tokens.renew('A1'),
      () => tokens.set({ access_token: 'A1' }),
      () => tokens.clear(),
    ];

    expect(await Promise.all(calls.map((call) => call().catch(codeOf)))).toEqual(calls.map(() => 'disposed'));
  });

  it(
    'a token that was served a moment ago is not served any more',
    inVirtualTime(
      ({ manager, at }) => {
        const outcomes: Promise<unknown>[] = [];
        const ask = () => outcomes.push(manager.getValidToken().catch(codeOf));
        at(1, ask);
        at(2, ask);
        at(3, () => manager.dispose());
        at(4, ask);
        return async () => expect(await Promise.all(outcomes)).toEqual(['A1', 'A1', 'disposed']);
      },
      { untilMs: 5 },
    ),
  );

  it(
    'twice is as good as once',
    inVirtualTime(
      ({ manager, at }) => {
        at(1, () => manager.dispose());
        at(2, () => manager.dispose());
      },
      { untilMs: 5 },
    ),
  );

  it(
    'leaves no timer behind: the scheduler has nothing left to do',
    inVirtualTime(
      ({ manager, scheduler, at, server }) => {
        server.faults.next({ status: 503 });
        manager.token$.subscribe();
        at(hours(2), () => {
          manager.dispose();
          expect(scheduler.actions.filter(({ closed }) => !closed)).toEqual([]);
        });
      },
      { untilMs: hours(2) },
    ),
  );

  it(
    'leaves no subscription to the store behind',
    inVirtualTime(
      ({ manager, at }) => {
        manager.token$.subscribe();
        manager.state$.subscribe();
        at(1, () => expect(listeners).toBe(1));
        at(2, () => manager.dispose());
        at(3, () => expect(listeners).toBe(0));
      },
      {
        manager: ({ store }) => ({
          store: { ...store, changes$: counted },
        }),
        untilMs: 5,
      },
    ),
  );
  let listeners = 0;
  const counted = new Observable(() => {
    listeners++;
    return () => {
      listeners--;
    };
  });

  it.each(['dispose', 'asyncDispose'] as const)('and so does Symbol.%s', async (name) => {
    const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });
    await (tokens as TokenManager & Record<symbol, () => unknown>)[Symbol[name]]();

    expect(await tokens.getValidToken().catch(codeOf)).toBe('disposed');
  });

  describe('Symbol.asyncDispose', () => {
    const stale = { access_token: 'A1', refresh_token: 'R1', expires_at: 0 };
    const next = { access_token: 'A2', refresh_token: 'R2', expires_in: 3600 };

    /** A manager that has asked for a refresh, and what is known of its end. */
    function disposing(config: Partial<TokenManagerConfig> = {}) {
      const store = memoryStore(stale);
      const answer$ = new Subject<object>();
      const tokens = createTokenManager({ store, refresh: () => answer$, ...config });
      const asked = tokens.getValidToken().catch(codeOf);
      let isDone = false;
      const done = tokens[Symbol.asyncDispose]().then(() => (isDone = true));
      return { store, answer$, tokens, asked, done, isDone: () => isDone };
    }

    const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

    it('is done when what was sent is saved; whoever waited is let go at once', async () => {
      const { store, answer$, asked, done, isDone } = disposing();
      expect(await asked).toBe('disposed');
      await nextTurn();
      expect(isDone()).toBe(false);
      answer$.next(next);
      await done;
      expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
    });

    it('also if the store takes a few tries', async () => {
      const store = memoryStore(stale);
      const { answer$, done } = disposing({ store: faultyStore(store, failing('write', 1)) });
      answer$.next(next);
      await done;
      expect(storedIn(store)?.access_token).toBe('A2');
    });

    it('is done when the refresh has failed', async () => {
      const { answer$, done } = disposing();
      answer$.error(new Error('no'));
      await done;
    });

    it('waits no longer than refreshTimeoutMs, for an answer or for a store', async () => {
      await disposing({ refreshTimeoutMs: 20 }).done;
      const store = faultyStore(memoryStore(stale), (action) => (action === 'write' ? NEVER : undefined));
      const { answer$, done } = disposing({ store, refreshTimeoutMs: 20 });
      answer$.next(next);
      await done;
    });

    it('is done at once where nothing was sent', async () => {
      const store = memoryStore(stale);
      const held = store.lock.hold(() => NEVER).subscribe(); // it still waits for the lock
      await disposing({ store }).done;
      held.unsubscribe();
      const unused = createTokenManager({ refresh: () => NEVER });
      await unused[Symbol.asyncDispose]();
      await unused[Symbol.asyncDispose]();
    });
  });

  describe('a refresh that was sent already', () => {
    it(
      'is still persisted, and not aborted',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          manager.token$.subscribe();
          at(minutes(59) + 500, () => manager.dispose());
          return () => {
            expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
            expect(server.counters.requests).toBe(1);
          };
        },
        { ...slow, untilMs: hours(1) },
      ),
    );

    it(
      'is persisted whatever is called afterwards',
      inVirtualTime(
        ({ manager, store, at }) => {
          manager.token$.subscribe();
          at(minutes(59) + 500, () => {
            manager.dispose();
            manager.clear().catch(codeOf);
            manager.set({ access_token: 'B1' }).catch(codeOf);
            manager.invalidate().catch(codeOf);
          });
          return () => expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
        },
        { ...slow, untilMs: hours(1) },
      ),
    );

    it(
      'is persisted even if the store takes a few tries',
      inVirtualTime(
        ({ manager, store, at }) => {
          manager.token$.subscribe();
          at(minutes(59) + 500, () => manager.dispose());
          return () => expect(storedIn(store)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
        },
        {
          ...slow,
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 2)) }),
          untilMs: hours(1.1),
        },
      ),
    );
  });

  it(
    'a refresh that was not sent yet, because it waits for the lock, never is',
    inVirtualTime(
      ({ manager, server, store, at, hot }) => {
        store.lock.hold(() => hot('59m 5s |')).subscribe();
        manager.token$.subscribe();
        at(minutes(59) + seconds(1), () => manager.dispose());
        return () => expect(server.counters.requests).toBe(0);
      },
      { ...slow, untilMs: hours(1) },
    ),
  );

  it(
    'nor is one of which only the journal has been written: that is struck out, and says nothing of a lost answer',
    inVirtualTime(
      ({ manager, server, store, at }) => {
        manager.token$.subscribe();
        at(minutes(59) + 5, () => {
          expect(snapshotIn(store).pending).toBeDefined();
          manager.dispose();
        });
        return () => {
          expect(server.counters.requests).toBe(0);
          expect(snapshotIn(store).pending).toBeUndefined();
          expect(isFree(store)).toBe(true);
        };
      },
      {
        manager: ({ store, scheduler }) => ({ store: answeringLate(store, timer(10, scheduler)) }),
        untilMs: hours(1),
      },
    ),
  );

  it(
    'nothing is acquired, refreshed or heard any more',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
        manager.token$.subscribe();
        at(minutes(10), () => manager.dispose());
        return () => {
          expect(events.map(([, type]) => type)).toEqual(['loaded']);
          expect(server.counters.requests).toBe(0);
        };
      },
      { untilMs: hours(24) },
    ),
  );
});

/** A store that has written the journal a while before it says so. */
function answeringLate(store: CredentialStore, while$: Observable<unknown>): CredentialStore {
  const late = (lease: Lease): Lease => ({
    ...lease,
    prepare: (...asked) => concat(lease.prepare(...asked), while$),
  });
  return {
    ...store,
    lock: { ...store.lock, hold: (critical) => store.lock.hold((lease) => critical(late(lease))) },
  };
}
