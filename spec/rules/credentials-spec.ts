import { describe, expect, it } from '@jest/globals';
import { map, type SchedulerLike, timer } from 'rxjs';
import type { Credentials, CredentialStore } from 'rx-token';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite, snapshotIn, unheard } from '../helpers/stored.js';

describe('credentials$ is the subject behind it all, read-only', () => {
  it(
    'emits nothing until the store has answered',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        expectObservable(manager.credentials$, '^ 1s !').toBe('50ms n', { n: null });
      },
      {
        initial: null,
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) => (action === 'read' ? timer(50, scheduler) : undefined)),
        }),
      },
    ),
  );

  it(
    'emits null for signed out, the present value to each subscriber, and every change',
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        const token = (held: Credentials | null) => held?.access_token ?? null;
        const first = diaryOf(manager.credentials$, scheduler, token);
        at(10, () => void manager.set(server.signIn()));
        const diaries = [first];
        at(15, () => diaries.push(diaryOf(manager.credentials$, scheduler, token)));
        at(20, () => void manager.renew('A1'));
        return () => {
          expect(diaries[0]!.map(([, what]) => what)).toEqual([null, 'A1', 'A1', 'A2']);
          expect(diaries[1]!.map(([, what]) => what)).toEqual(['A1', 'A1', 'A2']);
        };
      },
      { initial: null, untilMs: 100 },
    ),
  );

  it(
    'a caller cannot mutate the shared object',
    inVirtualTime(
      ({ manager, at }) => {
        at(0, () =>
          manager.credentials$.subscribe((held) => {
            expect(Object.isFrozen(held)).toBe(true);
            expect(() => Object.assign(held as object, { access_token: 'mine' })).toThrow(TypeError);
          }),
        );
        return async () => {
          const held = await manager.getCredentials().catch(codeOf);
          expect(held).toBe('disposed');
        };
      },
      { untilMs: 1 },
    ),
  );

  it(
    'nor the object that was given to set() the manager',
    inVirtualTime(
      ({ manager, at, expectObservable }) => {
        const mine = {
          access_token: 'B1',
          refresh_token: 'S1',
          expires_at: hours(5),
          nested: { plan: 'pro' },
        };
        at(10, () => void manager.set(mine));
        at(11, () => {
          mine.access_token = 'changed';
          mine.nested.plan = 'free';
        });
        expectObservable(manager.credentials$, '-------------------- ^!').toBe('--------------------c', {
          c: expect.objectContaining({
            access_token: 'B1',
            nested: { plan: 'pro' },
          }) as unknown as Credentials,
        });
      },
      { untilMs: 100 },
    ),
  );
});

describe('token$ emits the current valid token to each subscriber, then every new one, distinct', () => {
  it(
    'never the same twice in a row, however often the record changes',
    inVirtualTime(
      ({ manager, store, at, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        for (let n = 1; n < 10; n++)
          at(n, () =>
            overwrite(store, { access_token: 'A1', refresh_token: 'R1', expires_at: hours(1), touched: n }),
          );
        return () => expect(tokens).toEqual([[0, 'A1']]);
      },
      { untilMs: 100 },
    ),
  );

  it(
    'never null, never an error, whatever happens; completes on dispose()',
    inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        server.faults.always({ status: 400, body: { error: 'invalid_grant' } });
        expectObservable(manager.token$).toBe('a 7199999ms b 599999ms |', { a: 'A1', b: 'A2' });
        at(minutes(90), () => void manager.clear());
        at(minutes(120), () => void manager.set(server.signIn()));
        at(minutes(130), () => manager.dispose());
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'says nothing while the store cannot be read, and begins when it can',
    inVirtualTime(
      ({ manager, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(tokens).toHaveLength(1);
          expect(tokens[0]![1]).toBe('A1');
          expect(tokens[0]![0]).toBeGreaterThan(500);
        };
      },
      { manager: ({ store }) => ({ store: faultyStore(store, failing('read', 3)) }), untilMs: minutes(1) },
    ),
  );

  it(
    'in the skew window, after a failure, tells the unexpired token rather than nothing',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        server.faults.always({ status: 503 });
        expectObservable(manager.token$, '3550000ms ^ 1s !').toBe('3550000ms a', {
          a: 'A1',
        });
      },
      { untilMs: hours(1) },
    ),
  );
});

describe('peek() re-reads the store and adopts what is newer there', () => {
  it(
    'without ever refreshing',
    inVirtualTime(
      ({ manager, server, store, at, scheduler }) => {
        const tokens = diaryOf(manager.credentials$, scheduler, (held) => held?.access_token);
        const peeked: Promise<Credentials | null>[] = [];
        at(minutes(5), () =>
          overwrite(store, { access_token: 'theirs', refresh_token: 'R9', expires_at: minutes(6) }),
        );
        at(minutes(10), () => peeked.push(manager.peek()));
        return async () => {
          expect(await peeked[0]).toMatchObject({ access_token: 'theirs' });
          expect(tokens).toEqual([
            [0, 'A1'],
            [minutes(10), 'theirs'],
          ]);
          expect(server.counters.requests).toBe(0);
        };
      },
      { manager: ({ store }) => ({ store: unheard(store) }), untilMs: minutes(20) },
    ),
  );

  it(
    'as the first call it loads; when signed out it gives null',
    inVirtualTime(
      ({ manager, at }) => {
        let peeked: Promise<unknown>;
        at(0, () => (peeked = manager.peek()));
        return async () => expect(await peeked).toBeNull();
      },
      { initial: null, untilMs: 1 },
    ),
  );

  it(
    'says when the store cannot be read, and forgets nothing',
    inVirtualTime(
      ({ manager, at, expectObservable }) => {
        manager.credentials$.subscribe();
        let peeked: Promise<unknown>;
        at(minutes(5), () => (peeked = manager.peek().catch(codeOf)));
        expectObservable(outcome(manager.validToken$), '6m ^').toBe('6m (a|)', { a: 'A1' });
        return async () => expect(await peeked).toBe('store_unreadable');
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) => {
            if (action === 'read' && scheduler.now() > 0) throw new Error('EIO');
            return undefined;
          }),
        }),
        untilMs: minutes(20),
      },
    ),
  );

  it(
    'that comes back late, after a newer token was published, does not bring the old one back',
    inVirtualTime(
      ({ manager, at, scheduler }) => {
        manager.token$.subscribe();
        const held = diaryOf(manager.credentials$, scheduler, (now) => now?.access_token);
        at(minutes(59) - 100, () => void manager.peek());
        return () =>
          expect(held).toEqual([
            [0, 'A1'],
            [minutes(59), 'A2'],
          ]);
      },
      {
        manager: ({ store, scheduler }) => ({ store: lateReader(store, scheduler, minutes(59) - 100) }),
        untilMs: minutes(60),
      },
    ),
  );
});

/** A read at this one instant answers a second later, with what was there when it was asked. */
function lateReader(store: CredentialStore, scheduler: SchedulerLike, lateAt: number): CredentialStore {
  return unheard({
    ...store,
    read() {
      if (scheduler.now() !== lateAt) return store.read();
      const asked = snapshotIn(store);
      return timer(seconds(1), scheduler).pipe(map(() => asked));
    },
  });
}
