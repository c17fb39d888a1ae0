import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  EMPTY,
  firstValueFrom,
  NEVER,
  type Observable,
  repeat,
  retry,
  Subject,
  VirtualTimeScheduler,
} from 'rxjs';
import {
  type Credentials,
  encrypted,
  memoryStore,
  mergeRotation,
  type ProviderProfile,
  type RefreshContext,
  type TokenManager,
  type TokenManagers,
  tokenManagers,
  type TokenManagersConfig,
} from 'rx-token';
import type { VirtualTime, VirtualTimeConfig } from 'rx-token/testing';
import { database } from './helpers/database.js';
import { codeOf, diaryOf, outcome } from './helpers/diary.js';
import { faultyStore } from './helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from './helpers/inVirtualTime.js';
import { keyOf } from './helpers/keyOf.js';
import { storedIn } from './helpers/stored.js';

interface Service extends Omit<VirtualTime, 'manager'> {
  readonly users: TokenManagers;
  readonly db: ReturnType<typeof database>;
  /** Asks for a token and notes, under the name of the key, what comes of it. */
  ask(key: string): void;
  readonly diary: string[];
}

/** A service in virtual time: alice and bob have signed in, with tokens for an hour: `A1`, `R1` and `A2`, `R2`. */
function service(
  test: (service: Service) => unknown,
  config:
    | Partial<TokenManagersConfig>
    | ((tools: Omit<Service, 'users' | 'ask'>) => Partial<TokenManagersConfig>) = {},
  time: VirtualTimeConfig = {},
) {
  return inVirtualTime(
    ({ manager: _, ...tools }) => {
      const db = database();
      for (const key of ['alice', 'bob']) db.seed(key, mergeRotation(null, tools.server.signIn(), 0));
      const diary: string[] = [];
      const given = { ...tools, db, diary };
      const users = tokenManagers({
        store: db.open,
        refresh: (_key, previous, context) => tools.server.refresh(previous, context),
        scheduler: tools.scheduler,
        random: () => 0.5,
        ...(typeof config === 'function' ? config(given) : config),
      });
      const ask = (key: string): void => {
        const note = (what: unknown) => void diary.push(`${tools.scheduler.now()} ${key} ${String(what)}`);
        outcome(users.of(key).validToken$).subscribe(note);
      };
      return test({ ...given, users, ask });
    },
    { initial: null, ...time },
  );
}

const due = minutes(59);
const end = hours(1);

describe('tokenManagers', () => {
  it(
    'has a manager for each key, made when it is used first',
    service(({ users, db, ask, diary, at }) => {
      const handle = users.of('alice');
      expect([users.size, db.opened]).toEqual([0, []]);
      at(1, () => ask('alice'));
      at(2, () => ask('bob'));
      at(3, () => ask('alice'));
      at(4, () => expect([users.size, users.of('alice')]).toEqual([2, users.of('alice')]));
      at(5, () => expect(handle).toEqual(expect.objectContaining({ renew: expect.any(Function) })));
      return () => {
        expect(diary).toEqual(['1 alice A1', '2 bob A2', '3 alice A1']);
        expect(db.opened).toEqual(['alice', 'bob']);
      };
    }),
  );

  it(
    'refreshes once for each key, whoever asks, through whichever handle',
    service(
      ({ users, server, at, ask, diary }) => {
        users.of('alice').token$.subscribe();
        at(due + 100, () => ['alice', 'alice', 'bob', 'bob'].forEach(ask));
        return () => {
          expect(server.counters).toMatchObject({ requests: 2, reuses: 0 });
          expect(diary.map((line) => line.split(' ')[1])).toEqual(['alice', 'alice', 'bob', 'bob']);
          expect(new Set(diary).size).toBe(2);
        };
      },
      {},
      { server: { latencyMs: seconds(1) }, untilMs: due + seconds(5) },
    ),
  );

  it(
    'calls back with the key',
    service(
      ({ ask, at, diary }) => {
        at(due + 1, () => ask('alice'));
        at(due + 1, () => ask('carol'));
        return () =>
          expect(diary.map((line) => line.replace(/^\d+ /, ''))).toEqual([
            'refresh alice R1',
            'alice A3',
            'onRefresh alice A3',
            'acquire carol',
            'carol A4',
            'onRefresh carol A4',
          ]);
      },
      ({ server, diary }) => ({
        refresh(key, previous, context) {
          diary.push(`0 refresh ${key} ${previous.refresh_token}`);
          return server.refresh(previous, context);
        },
        acquire(key, context) {
          diary.push(`0 acquire ${key}`);
          return server.acquire(context);
        },
        onRefresh: (key, { access_token }) => void diary.push(`0 onRefresh ${key} ${access_token}`),
      }),
      { untilMs: due + 10 },
    ),
  );

  it(
    'tells what happens to whom, for all and for one',
    service(
      ({ users, at, ask, scheduler }) => {
        const all = diaryOf(users.events$, scheduler, ({ key, type }) => `${key} ${type}`);
        const ofBob = diaryOf(users.of('bob').events$, scheduler, ({ type }) => type);
        at(1, () => ask('alice'));
        at(due + 1, () => ask('bob')); // alice's manager has gone, bob's is new: who listens does not mind
        at(due + 2, () => ask('alice'));
        return () => {
          expect(all).toEqual([
            [1, 'alice loaded'],
            [due + 1, 'bob loaded'],
            [due + 1, 'bob refresh-started'],
            [due + 1, 'bob refreshed'],
            [due + 2, 'alice loaded'],
            [due + 2, 'alice refresh-started'],
            [due + 2, 'alice refreshed'],
          ]);
          expect(ofBob).toEqual(
            all
              .filter(([, what]) => (what as string).startsWith('bob'))
              .map(([at, what]) => [at, (what as string).slice(4)]),
          );
        };
      },
      {},
      { untilMs: due + 10 },
    ),
  );

  it(
    'streams to whoever subscribes, as a manager does',
    service(({ users, expectObservable, at }) => {
      expectObservable(users.of('alice').token$, '^ 90m !').toBe('a 3539999ms b', { a: 'A1', b: 'A3' });
      expectObservable(users.of('alice').state$, '10m ^ 1m !').toBe('10m v', { v: { status: 'valid' } });
      expectObservable(users.of('bob').credentials$, '10m ^ 1m !').toBe('10m c', {
        c: expect.objectContaining({ access_token: 'A2' }),
      });
      at(minutes(5), () => users.of('alice').state$.subscribe().unsubscribe());
    }),
  );

  it('has all that a manager has', async () => {
    const users = tokenManagers({ refresh: () => ({ access_token: 'A2', expires_in: 3600 }) });
    const alice = users.of('alice');
    await alice.set({ access_token: 'A1', refresh_token: 'R1', expires_in: 3600 });
    expect(await alice.getValidToken()).toBe('A1');
    expect(await alice.getCredentials({ minValidityMs: 10 })).toMatchObject({ refresh_token: 'R1' });
    expect(await alice.renew('A1')).toBe('A2');
    expect(await firstValueFrom(alice.renewal('A1'))).toBe('A2');
    expect(await alice.peek()).toMatchObject({ access_token: 'A2' });
    await alice.invalidate();
    expect(await alice.peek()).toMatchObject({ expires_at: 0 });
    let revoked: unknown;
    await alice.clear({ revoke: ({ access_token }) => Promise.resolve((revoked = access_token)) });
    expect([revoked, await alice.peek()]).toEqual(['A2', null]);
    await expect(alice.set({} as never)).rejects.toThrow(TypeError);
    await expect(alice.getValidToken({ signal: AbortSignal.abort('left') })).rejects.toBe('left');
    users.dispose();
  });

  it('goes by the profile that `refresh` has', async () => {
    const grace: ProviderProfile = { name: 'gracious', reuse: { graceMs: 60_000 } };
    const seen: unknown[] = [];
    const refresh = (_key: string, _held: Credentials, { profile }: RefreshContext) => {
      seen.push(profile);
      return { access_token: 'A2', expires_in: 3600 };
    };
    const users = tokenManagers({ refresh: Object.assign(refresh, { profile: grace }) });
    await users.of('alice').set({ access_token: 'A1', expires_at: 0 });
    await users.of('alice').getValidToken();
    expect(seen).toEqual([grace]);
    users.dispose();
  });

  it('shows nothing when it is printed', async () => {
    const users = tokenManagers({ refresh: () => NEVER });
    await users.of('alice').set({ access_token: 'canary', refresh_token: 'canary' });
    const said = [
      users,
      users.of('alice'),
      users.events$,
      users.of('alice').events$,
      users.of('alice').token$,
    ];
    expect(said.map((what) => inspect(what, { depth: 9, showHidden: true })).join()).not.toContain('canary');
    users.dispose();
  });

  it('is not in use for ever by a call that throws', async () => {
    const users = tokenManagers({ refresh: () => NEVER, maxActive: 1 });
    await expect(users.of('alice').getCredentials(null as never)).rejects.toThrow(TypeError);
    users.of('bob').token$.subscribe();
    expect(users.size).toBe(1);
    users.dispose();
  });
});

describe('a manager that nobody uses', () => {
  it(
    'goes after idleMs, with its watcher, and is made anew for whoever comes',
    service(
      ({ users, db, at, ask, diary }) => {
        const handle = users.of('alice');
        at(0, () => ask('alice'));
        at(seconds(30), () => ask('alice'));
        at(seconds(89), () => expect([users.size, db.watchers]).toEqual([1, 1]));
        at(seconds(91), () => expect([users.size, db.watchers]).toEqual([0, 0]));
        at(seconds(100), () => handle.validToken$.subscribe((token) => diary.push(`kept ${token}`)));
        at(seconds(101), () => expect([users.size, db.watchers]).toEqual([1, 1]));
        at(minutes(3), () => expect([users.size, db.watchers]).toEqual([0, 0]));
        return () => {
          expect(diary).toEqual(['0 alice A1', '30000 alice A1', 'kept A1']);
          expect(db.opened).toEqual(['alice', 'alice']);
        };
      },
      { idleMs: minutes(1) },
      { untilMs: minutes(5) },
    ),
  );

  it(
    'goes after five minutes by default',
    service(({ users, at, ask }) => {
      at(1, () => ask('alice'));
      at(minutes(5), () => expect(users.size).toBe(1));
      at(minutes(5) + 2, () => expect(users.size).toBe(0));
    }),
  );

  const stays = (what: string, use: (alice: TokenManager) => unknown, time: VirtualTimeConfig) =>
    it(
      `stays while ${what}`,
      service(
        ({ users, at, db }) => {
          at(due + 1, () => use(users.of('alice')));
          at(due + seconds(20), () => expect(users.size).toBe(1));
          at(due + seconds(55), () => expect([users.size, db.watchers]).toEqual([0, 0]));
        },
        { idleMs: seconds(5) },
        { untilMs: due + minutes(2), ...time },
      ),
    );

  const slow = { server: { latencyMs: seconds(25) } };
  stays('someone waits for a token', (alice) => alice.validToken$.subscribe(), slow);
  stays(
    'a refresh is under way that everybody has left',
    (alice) => alice.validToken$.subscribe().unsubscribe(),
    slow,
  );

  it('stays while someone waits through a promise', async () => {
    const scheduler = new VirtualTimeScheduler();
    const pass = async (ms: number) => {
      scheduler.maxFrames = scheduler.now() + ms;
      scheduler.schedule(() => undefined, ms); // or the clock stops at the last thing that happens
      scheduler.flush();
      await setImmediate(); // promises settle between two moments of virtual time
    };
    const answer$ = new Subject<object>();
    const db = database();
    const users = tokenManagers({
      store: db.open,
      acquire: () => answer$,
      scheduler,
      idleMs: seconds(5),
    });
    const asked = users.of('alice').getValidToken();
    await pass(seconds(20));
    expect(users.size).toBe(1);
    answer$.next({ access_token: 'A1', expires_in: 3600 });
    expect(await asked).toBe('A1');
    await pass(seconds(4));
    expect(users.size).toBe(1);
    await pass(seconds(2));
    expect([users.size, db.watchers]).toEqual([0, 0]);
  });

  it(
    'stays while anything of it has a subscriber',
    service(
      ({ users, db, at }) => {
        const views: ((alice: TokenManager) => Observable<unknown>)[] = [
          ({ token$ }) => token$,
          ({ credentials$ }) => credentials$,
          ({ state$ }) => state$,
        ];
        for (const [nth, view] of views.entries()) {
          const from = minutes(10 * nth);
          at(from, () => {
            const subscription = view(users.of('alice')).subscribe();
            at(minutes(3), () => subscription.unsubscribe());
          });
          at(from + minutes(3), () => expect([users.size, db.watchers]).toEqual([1, 1]));
          at(from + minutes(3) + seconds(6), () => expect([users.size, db.watchers]).toEqual([0, 0]));
        }
      },
      { idleMs: seconds(5) },
      { untilMs: minutes(40) },
    ),
  );

  it(
    'does not stay for who only listens to its events',
    service(
      ({ users, at, ask }) => {
        users.of('alice').events$.subscribe();
        users.events$.subscribe();
        expect(users.size).toBe(0);
        at(1, () => ask('alice'));
        at(seconds(7), () => expect(users.size).toBe(0));
      },
      { idleMs: seconds(5) },
      { untilMs: minutes(1) },
    ),
  );

  it(
    'stays while a token that was rotated is not saved, and serves it from memory',
    service(
      ({ users, server, at, ask, diary, db }) => {
        at(due + 1, () => ask('alice'));
        at(due + minutes(3), () => ask('alice'));
        at(due + minutes(4) - 1, () => expect(users.size).toBe(1));
        at(due + minutes(10), () => expect([users.size, db.watchers]).toEqual([0, 0]));
        at(due + minutes(11), () => ask('alice'));
        return () => {
          expect(diary.map((line) => line.split(' ')[2])).toEqual(['A3', 'A3', 'A3']);
          expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
        };
      },
      ({ db, scheduler }) => ({
        idleMs: seconds(5),
        store: (key) =>
          faultyStore(db.open(key), (action) => {
            if (action === 'write' && scheduler.now() < due + minutes(4)) throw new Error('full');
            return undefined;
          }),
      }),
      { untilMs: due + minutes(12) },
    ),
  );

  it(
    'stays until the next attempt may be made, which nobody else knows of',
    service(
      ({ users, server, at, ask, diary }) => {
        server.faults.next({ status: 503, headers: { 'retry-after': '600' } });
        at(hours(1), () => ask('alice'));
        at(hours(1) + minutes(5), () => ask('alice'));
        at(hours(1) + minutes(10) + 1, () => ask('alice'));
        at(hours(1) + minutes(11), () => expect(users.size).toBe(0));
        return () => {
          expect(diary.map((line) => line.split(' ')[2])).toEqual([
            'refresh_unavailable',
            'refresh_unavailable',
            'A3',
          ]);
          expect(server.counters.requests).toBe(2);
        };
      },
      { idleMs: seconds(5) },
      { untilMs: hours(1) + minutes(12) },
    ),
  );

  it(
    'stays until the next attempt also where the new token was due on arrival',
    service(
      ({ at, ask, diary }) => {
        at(end, () => ask('alice'));
        at(end + seconds(10), () => ask('alice'));
        at(end + seconds(30), () => ask('alice'));
        return () =>
          expect(diary.filter((line) => line.endsWith('sent'))).toEqual([
            `${end} sent`,
            `${end + seconds(30)} sent`,
          ]);
      },
      ({ diary, scheduler }) => ({
        refresh() {
          diary.push(`${scheduler.now()} sent`);
          return { access_token: `of ${scheduler.now()}`, expires_at: scheduler.now() };
        },
        idleMs: seconds(5),
        maxWaitMs: 0,
        retry: () => seconds(30),
      }),
      { untilMs: end + minutes(1) },
    ),
  );

  it(
    'goes after a refusal, and whoever comes later hears of it from the store',
    service(
      ({ users, server, at, ask, diary }) => {
        server.revoke('R1');
        at(hours(1), () => ask('alice'));
        at(hours(1) + seconds(10), () => expect(users.size).toBe(0));
        at(hours(1) + seconds(20), () => ask('alice'));
        return () => {
          expect(diary.map((line) => line.split(' ')[2])).toEqual(['refresh_rejected', 'refresh_rejected']);
          expect(server.counters.requests).toBe(1);
        };
      },
      { idleMs: seconds(5) },
      { untilMs: hours(1) + minutes(1) },
    ),
  );

  it(
    'goes also where its lock throws',
    service(
      ({ users, at, ask, diary }) => {
        at(end + 1, () => ask('alice'));
        return () => {
          expect(diary).toEqual([expect.stringContaining('alice store_')]);
          expect(users.size).toBe(0);
        };
      },
      ({ db }) => ({
        idleMs: seconds(1),
        retry: () => seconds(2),
        maxWaitMs: 0,
        store: (key) => ({
          ...db.open(key),
          lock: {
            lossy: false,
            hold() {
              throw new Error('no lock today');
            },
          },
        }),
      }),
      { untilMs: end + minutes(1) },
    ),
  );
});

describe('more than maxActive', () => {
  it(
    'lets the one go that was used longest ago',
    service(
      ({ users, db, ask, at }) => {
        for (const [nth, key] of ['alice', 'bob', 'alice', 'carol', 'alice', 'bob'].entries())
          at(nth, () => ask(key));
        at(9, () => expect([users.size, db.watchers]).toEqual([2, 2]));
        return () => expect(db.opened).toEqual(['alice', 'bob', 'carol', 'bob']);
      },
      { maxActive: 2 },
      { untilMs: 10 },
    ),
  );

  it(
    'lets none go that is used, so that there are more for a while',
    service(
      ({ users, at }) => {
        const keys = ['alice', 'bob', 'carol'];
        const subscriptions = keys.map((key) => users.of(key).token$.subscribe());
        at(1, () => expect(users.size).toBe(3));
        at(2, () => subscriptions[1]!.unsubscribe());
        at(3, () => expect(users.size).toBe(2));
        at(4, () => subscriptions[0]!.unsubscribe());
        at(5, () => expect(users.size).toBe(2));
      },
      { maxActive: 2 },
      { untilMs: 10 },
    ),
  );

  it(
    'lets the one go, too, that only waits after a failure: an outage keeps the bound, and loses the wait',
    service(
      ({ users, at, ask, server }) => {
        server.faults.next({ status: 503, headers: { 'retry-after': '600' } });
        at(end, () => ask('alice'));
        at(end + 1, () => ask('alice')); // waits
        at(end + 2, () => expect(server.counters.requests).toBe(1));
        at(end + 3, () => ask('bob'));
        at(end + 4, () => expect(users.size).toBe(1));
        at(end + 5, () => ask('alice'));
        return () => expect(server.counters.requests).toBe(3);
      },
      { maxActive: 1, maxWaitMs: 0 },
      { untilMs: end + 10 },
    ),
  );

  it(
    'tells what happened to the one that goes the moment it is left',
    service(
      ({ users, at, ask, scheduler, server }) => {
        users.of('alice').token$.subscribe();
        const ofBob = diaryOf(users.of('bob').events$, scheduler, ({ type }) => type);
        at(end, () => server.faults.next({ status: 503 }));
        at(end + 1, () => ask('bob'));
        return () =>
          expect(ofBob.map(([, type]) => type)).toEqual(['loaded', 'refresh-started', 'refresh-failed']);
      },
      { maxActive: 1, maxWaitMs: 0 },
      { untilMs: end + 10 },
    ),
  );
});

describe('what is in memory only', () => {
  it(
    'is kept when its manager goes: the default store',
    service(
      ({ users, at, ask, diary, server }) => {
        at(1, () => ask('carol'));
        at(minutes(1), () => expect(users.size).toBe(0));
        at(minutes(2), () => ask('carol'));
        at(minutes(3), () => expect(users.size).toBe(0));
        return () => {
          expect(diary.map((line) => line.split(' ')[2])).toEqual(['A3', 'A3']);
          expect(server.counters.requests).toBe(1);
        };
      },
      ({ server }) => ({ idleMs: seconds(5), store: undefined, acquire: () => server.acquire() }),
      { untilMs: minutes(4) },
    ),
  );

  it(
    'is kept also where the function makes another store each time, until nobody is signed in',
    service(
      ({ users, at, ask, diary, db }) => {
        at(1, () => ask('alice'));
        at(due + 1, () => ask('alice'));
        at(due + minutes(1), () => ask('alice'));
        at(due + minutes(2), () => void users.of('alice').clear());
        at(due + minutes(2) + 1, () => users.of('alice').dispose());
        at(due + minutes(3), () => ask('alice'));
        return () => {
          expect(diary.map((line) => line.split(' ')[2])).toEqual(['A1', 'A3', 'A3', 'no_credentials']);
          expect(db.opened).toEqual(['alice', 'alice']);
        };
      },
      ({ db }) => {
        const initials = [storedIn(db.row('alice')), null];
        return {
          idleMs: seconds(5),
          store: (key) => (db.opened.push(key), memoryStore(initials.shift())),
        };
      },
      { untilMs: due + minutes(4) },
    ),
  );

  it('is kept also when it is encrypted', async () => {
    const users = tokenManagers({
      store: () => encrypted(memoryStore(), { key: keyOf(1) }),
      refresh: () => NEVER,
    });
    const alice = users.of('alice');
    await alice.set({ access_token: 'A1', expires_in: 3600 });
    alice.dispose();
    expect(await alice.getValidToken()).toBe('A1');
    users.dispose();
  });

  it('of a { get, set } pair, the dead mark is kept as long as it concerns what is stored', async () => {
    const kept = new Map<string, Credentials | null>([
      ['alice', { access_token: 'A1', refresh_token: 'R1', expires_at: 1 }],
    ]);
    let [requests, opened] = [0, 0];
    const users = tokenManagers({
      store: (key) => {
        opened++;
        return {
          get: () => Promise.resolve(kept.get(key)),
          set: (next) => Promise.resolve(kept.set(key, next)),
        };
      },
      refresh: () => (requests++, Promise.resolve({ error: 'invalid_grant' })),
    });
    const alice = users.of('alice');
    expect(await alice.getValidToken().catch(codeOf)).toBe('refresh_rejected');
    alice.dispose(); // as an eviction does
    expect(await alice.getValidToken().catch(codeOf)).toBe('refresh_rejected');
    expect([requests, opened]).toEqual([1, 1]);

    await alice.set({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
    alice.dispose();
    expect(await alice.getValidToken()).toBe('A2');
    expect([requests, opened]).toEqual([1, 2]); // nothing was noted any more: it is opened anew
    users.dispose();
  });
});

describe('a { get, set } pair that is made anew at each call', () => {
  it('has the last word of set(), also where a manager was let go while it wrote', async () => {
    const rows = new Map<string, Credentials | null>();
    const writes = new Subject<void>();
    const users = tokenManagers({
      store: (key) => ({
        get: () => Promise.resolve(rows.get(key)),
        async set(next) {
          if (next?.access_token === 'A1') await firstValueFrom(writes); // a keychain that is locked
          rows.set(key, next);
        },
      }),
      refresh: () => NEVER,
    });
    const alice = users.of('alice');
    const first = alice.set({ access_token: 'A1', expires_in: 3600 });
    await setImmediate();
    alice.dispose();
    const second = alice.set({ access_token: 'A2', expires_in: 3600 });
    await setImmediate();
    writes.next();
    await Promise.allSettled([first, second]);
    expect(rows.get('alice')?.access_token).toBe('A2');
    users.dispose();
  });
});

describe('dispose() of one', () => {
  it(
    'lets all go who use it, and the next use makes it anew',
    service(
      ({ users, at, expectObservable, db }) => {
        const alice = users.of('alice');
        expectObservable(alice.token$).toBe('a 4ms |', { a: 'A1' });
        expectObservable(users.of('bob').token$, '^ 10ms !').toBe('a', { a: 'A2' });
        at(5, () => alice.dispose());
        at(6, () => expect([users.size, db.watchers]).toEqual([1, 1]));
        expectObservable(alice.token$, '7ms ^ 1ms !').toBe('7ms a', { a: 'A1' });
        return () => expect(db.opened).toEqual(['alice', 'bob', 'alice']);
      },
      {},
      { untilMs: 20 },
    ),
  );

  const midway = (store?: (db: Service['db']) => TokenManagersConfig['store']) =>
    service(
      ({ users, server, at, ask, diary }) => {
        at(end + 1, () => ask('alice'));
        at(end + 100, () => users.of('alice').dispose());
        at(end + 200, () => ask('alice'));
        at(end + 300, () => users.of('alice').dispose());
        at(end + 400, () => ask('alice'));
        return () => {
          expect(diary.map((line) => line.replace(/^\d+ /, ''))).toEqual([
            'alice disposed',
            'alice disposed',
            'alice A3',
          ]);
          expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
        };
      },
      ({ db }) => (store ? { store: store(db) } : {}),
      { server: { latencyMs: seconds(2) }, untilMs: end + seconds(10) },
    );

  it('in the middle of a refresh: that is saved, and not made again', midway());

  it(
    'also where each store object has a lock of its own: the one in use is kept',
    midway((db) => {
      // The same content for all, and nothing else in common.
      return () => {
        const lock = memoryStore();
        return { ...db.row('alice'), lock: lock.lock, isVolatile: () => false };
      };
    }),
  );
});

describe('whoever comes again the moment dispose() of one lets go', () => {
  it(
    'finds what is in memory only',
    service(
      ({ users, at, expectObservable }) => {
        at(1, () => users.of('alice').dispose());
        expectObservable(users.of('alice').token$.pipe(repeat(2)), '^ 9ms !').toBe('aa', { a: 'A1' });
      },
      ({ db }) => {
        const initials = [storedIn(db.row('alice')), null];
        return { store: () => memoryStore(initials.shift()) };
      },
      { untilMs: 20 },
    ),
  );

  it(
    'in the middle of a refresh finds the lock that is in use',
    service(
      ({ users, server, at, diary }) => {
        at(end + 1, () =>
          users
            .of('alice')
            .validToken$.pipe(retry(1))
            .subscribe((token) => diary.push(token)),
        );
        at(end + 100, () => users.of('alice').dispose());
        return () => {
          expect(diary).toEqual(['A3']);
          expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
        };
      },
      ({ db }) => ({
        store: () => ({ ...db.row('alice'), lock: memoryStore().lock, isVolatile: () => false }),
      }),
      { server: { latencyMs: seconds(2) }, untilMs: end + seconds(10) },
    ),
  );
});

describe('dispose() of all', () => {
  it(
    'ends everything, and later calls fail',
    service(
      ({ users, db, at, expectObservable }) => {
        const [alice, bob] = [users.of('alice'), users.of('bob')];
        expectObservable(alice.events$).toBe('l 4ms |', { l: expect.objectContaining({ type: 'loaded' }) });
        expectObservable(users.events$).toBe('l 4ms |', {
          l: expect.objectContaining({ key: 'alice' }),
        });
        expectObservable(alice.token$).toBe('a 4ms |', { a: 'A1' });
        at(5, () => users.dispose());
        at(6, () => expect([users.size, db.watchers]).toEqual([0, 0]));
        expectObservable(alice.token$, '7ms ^').toBe('7ms |');
        expectObservable(bob.state$, '7ms ^').toBe('7ms |');
        expectObservable(bob.events$, '7ms ^').toBe('7ms |');
        expectObservable(users.events$, '7ms ^').toBe('7ms |');
        expectObservable(outcome(users.of('carol').validToken$), '7ms ^').toBe('7ms (e|)', { e: 'disposed' });
        at(8, () => users.dispose());
        const late: Promise<unknown>[] = [];
        at(9, () =>
          late.push(alice.getValidToken().catch(codeOf), bob.set({ access_token: 'x' }).catch(codeOf)),
        );
        return async () => {
          expect(await Promise.all(late)).toEqual(['disposed', 'disposed']);
          expect([users.size, db.opened]).toEqual([0, ['alice']]);
        };
      },
      {},
      { untilMs: 20 },
    ),
  );

  it(
    'while a refresh is under way: it is saved all the same',
    service(
      ({ users, db, at, ask, diary }) => {
        at(end + 1, () => ask('alice'));
        at(end + 100, () => users.dispose());
        return () => {
          expect(diary).toEqual([`${end + 100} alice disposed`]);
          expect(storedIn(db.row('alice'))).toMatchObject({ access_token: 'A3' });
        };
      },
      {},
      { server: { latencyMs: seconds(2) }, untilMs: end + seconds(10) },
    ),
  );

  it('by the symbol', () => {
    const users = tokenManagers({ refresh: () => NEVER });
    expect(users[Symbol.dispose]).toBe(users.dispose);
    users[Symbol.dispose]();
    expect(users.size).toBe(0);
  });

  it.each([
    ['one', (users: TokenManagers) => users.of('alice')],
    ['all', (users: TokenManagers) => users],
  ])('of %s, `await using` waits until what was sent is saved', async (_which, chosen) => {
    const answer$ = new Subject<object>();
    const store = memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 0 });
    const users = tokenManagers({ store: () => store, refresh: () => answer$ });
    const asked = users.of('alice').getValidToken().catch(codeOf);
    let isDone = false;
    const one = chosen(users);
    const done = one[Symbol.asyncDispose]().then(() => (isDone = true));
    expect(await asked).toBe('disposed');
    await setImmediate();
    expect(isDone).toBe(false);
    answer$.next({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
    await done;
    expect(storedIn(store)?.access_token).toBe('A2');
    await users[Symbol.asyncDispose]();
  });

  it.each<[string, (users: TokenManagers) => AsyncDisposable, (users: TokenManagers) => unknown]>([
    ['all, of one that was disposed of before', (users) => users, () => undefined],
    ['one, whichever handle that was done by', (users) => users.of('alice'), () => undefined],
    ['one, which was used again', (users) => users.of('alice'), (users) => users.of('alice').peek()],
  ])('of %s, `await using` waits until what that has sent is saved', async (_which, chosen, between) => {
    const answer$ = new Subject<object>();
    const store = memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 0 });
    const users = tokenManagers({ store: () => store, refresh: () => answer$ });
    const asked = users.of('alice').getValidToken().catch(codeOf);
    const one = chosen(users);
    users.of('alice').dispose();
    expect(await asked).toBe('disposed');
    await between(users);
    let isDone = false;
    const done = one[Symbol.asyncDispose]().then(() => (isDone = true));
    await setImmediate();
    expect(isDone).toBe(false);
    answer$.next({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
    await done;
    expect(storedIn(store)?.access_token).toBe('A2');
    users.dispose();
  });
});

describe('`await using` of one', () => {
  it('leaves whoever comes again meanwhile alone', async () => {
    const answer$ = new Subject<object>();
    const store = memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 0 });
    const users = tokenManagers({ store: () => store, refresh: () => answer$ });
    const alice = users.of('alice');
    const again = firstValueFrom(alice.validToken$.pipe(retry(1)));
    const done = alice[Symbol.asyncDispose]();
    answer$.next({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
    await done;
    expect(await again).toBe('A2');
    expect(await alice.getValidToken()).toBe('A2');
    users.dispose();
  });
});

describe('what is wrong', () => {
  const refresh = () => NEVER;
  const make = (config: object) => () => tokenManagers({ refresh, ...config });

  it.each([undefined, null, '', 7, {}])('as a key: %p', (key) => {
    expect(() => make({})().of(key as never)).toThrow(TypeError);
    expect(() => make({})().of(key as never)).toThrow(/key must be a non-empty string/);
  });

  it('may be a key whatever it is called', async () => {
    const users = make({})();
    for (const key of ['__proto__', 'constructor', 'a/../b', ' ']) {
      await users.of(key).set({ access_token: `of ${key}`, expires_in: 3600 });
      expect(await users.of(key).getValidToken()).toBe(`of ${key}`);
    }
    users.dispose();
  });

  it('is told at creation, by the name of the option', () => {
    expect(() => tokenManagers({})).toThrow(/refresh or acquire/);
    expect(make({ refresh: 7 })).toThrow(/refresh or acquire/);
    expect(make({ onRefresh: 7 })).toThrow(/onRefresh must be a function/);
    expect(make({ skewMs: -1 })).toThrow(/skewMs/);
    expect(make({ provider: 'constructor' })).toThrow(/provider/);
    for (const store of [7, null, memoryStore(), { get: refresh, set: refresh }]) {
      expect(make({ store })).toThrow(TypeError);
      expect(make({ store })).toThrow(/store must be a function of the key/);
    }
    for (const wrong of [999, 0, -1, NaN, 2 ** 31]) {
      expect(make({ idleMs: wrong })).toThrow(RangeError);
      expect(make({ idleMs: wrong })).toThrow(/idleMs must be 1000 to/);
    }
    for (const wrong of [0, -1, NaN, 1.5]) {
      expect(make({ maxActive: wrong })).toThrow(RangeError);
      expect(make({ maxActive: wrong })).toThrow(/maxActive must be/);
    }
    for (const wrong of ['5', null, {}]) {
      expect(make({ idleMs: wrong })).toThrow(/idleMs must be a number/);
      expect(make({ maxActive: wrong })).toThrow(/maxActive must be a number/);
    }
    expect(make({ idleMs: Infinity, maxActive: Infinity })).not.toThrow();
    expect(make({ idleMs: undefined, maxActive: undefined, store: undefined })).not.toThrow();
  });

  it('of a store is told to whoever asks, until it is right', async () => {
    let answer: () => unknown = () => {
      throw new RangeError('postgres://canary@db');
    };
    const users = make({ store: () => answer() })();
    const asked = () =>
      users
        .of('alice')
        .getValidToken()
        .catch((error: unknown) => error);
    expect(await asked()).toMatchObject({
      code: 'callback_failed',
      message: 'store(key) failed (RangeError)',
    });
    answer = () => ({});
    expect(await asked()).toBeInstanceOf(TypeError);
    expect(await firstValueFrom(outcome(users.of('alice').token$))).toBe('TypeError');
    const { lock, ...rest } = memoryStore();
    answer = () => ({ ...rest, lock: { ...lock, lossy: true, leaseMs: 10_000 } });
    expect(await asked()).toBeInstanceOf(RangeError);
    expect(users.size).toBe(0);
    answer = () => memoryStore({ access_token: 'A1' });
    expect(await asked()).toBe('A1');
    users.dispose();
  });

  it('does not keep a process alive, nor look at a store, before it is used', () => {
    const users = make({ store: () => ({ read: () => EMPTY }) })();
    expect(users.of('alice')).toBeDefined();
    users.dispose();
  });
});
