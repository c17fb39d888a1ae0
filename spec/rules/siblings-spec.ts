import { describe, expect, it } from '@jest/globals';
import { EMPTY, Observable, Subject, throwError } from 'rxjs';
import { createTokenManager, type CredentialStore } from 'rx-token';
import { codeOf, diaryOf } from '../helpers/diary.js';
import { failing, faultyStore, type Meddler, type StoreAction } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite } from '../helpers/stored.js';

const theirs = { access_token: 'theirs', refresh_token: 'R9', expires_at: hours(9) };

describe('what a sibling writes is heard', () => {
  it(
    'and adopted at once, without a request',
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        at(minutes(5), () => overwrite(store, theirs));
        expectObservable(manager.token$, '^ 10m !').toBe('a 299999ms t', { a: 'A1', t: 'theirs' });
        return () => expect(server.counters.requests).toBe(0);
      },
      { untilMs: minutes(20) },
    ),
  );

  it(
    'also by a manager that nobody has subscribed to, from its first use on',
    inVirtualTime(({ manager, store, at, expectObservable }) => {
      at(0, () => void manager.getValidToken());
      at(minutes(5), () => overwrite(store, theirs));
      expectObservable(manager.validToken$, '6m ^').toBe('6m (t|)', { t: 'theirs' });
    }),
  );

  it(
    'also by one of which only peek() was called: it does not go on with what it has seen then',
    inVirtualTime(({ manager, store, at, expectObservable }) => {
      at(0, () => void manager.peek());
      at(minutes(5), () => overwrite(store, theirs));
      expectObservable(manager.validToken$, '6m ^').toBe('6m (t|)', { t: 'theirs' });
    }),
  );

  it(
    'a token that could be saved at last is not published over what a sibling has made of it since',
    inVirtualTime(
      ({ manager, server, store, scheduler, at }) => {
        const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
        const held = diaryOf(manager.credentials$, scheduler, (now) => now?.access_token);
        at(seconds(5), () => void manager.getValidToken());
        at(seconds(5), () => void sibling.getValidToken()); // waits for the lock; A2 is due by then
        return () => {
          expect(held.map(([, token]) => token)).toEqual(['A1', 'A2', 'A3']);
          sibling.dispose();
        };
      },
      {
        manager: ({ store }) => ({ store: faultyStore(store, failing('write', 3)) }),
        server: { accessTokenLifetimeMs: seconds(10) },
        untilMs: minutes(1),
      },
    ),
  );

  it('hints are ignored while a flight is open, and answered by one re-read afterwards', () => {
    const hints$ = new Subject<void>();
    const reads: number[] = [];
    void inVirtualTime(
      ({ manager, at }) => {
        manager.token$.subscribe();
        for (let ms = 0; ms < 900; ms += 10) at(minutes(59) + 1 + ms, () => hints$.next());
        at(minutes(59) + 1, () => reads.splice(0));
      },
      {
        manager: ({ store, scheduler }) => ({
          store: {
            ...faultyStore(
              store,
              noting('read', () => reads.push(scheduler.now())),
            ),
            changes$: hints$,
          },
        }),
        server: { latencyMs: seconds(1) },
        untilMs: hours(1),
      },
    )();

    expect(reads).toEqual([minutes(59) + seconds(1)]);
  });

  it.each<[string, (store: CredentialStore, hints$: Subject<void>) => CredentialStore]>([
    ['error', (store) => ({ ...store, changes$: errorAtOnce() })],
    ['complete', (store) => ({ ...store, changes$: completed() })],
    ['never come', (store) => ({ ...store, changes$: new Subject<void>() })],
  ])('hints that %s do no harm', (_what, broken) =>
    inVirtualTime(
      ({ manager, scheduler }) => {
        const tokens = diaryOf(manager.token$, scheduler);
        return () =>
          expect(tokens).toEqual([
            [0, 'A1'],
            [minutes(59), 'A2'],
          ]);
      },
      { manager: ({ store }) => ({ store: broken(store, new Subject()) }), untilMs: hours(1) },
    )(),
  );

  it('a hint for nothing costs a read, and changes nothing', () => {
    const hints$ = new Subject<void>();
    void inVirtualTime(
      ({ manager, at, scheduler }) => {
        const all = [
          diaryOf(manager.token$, scheduler),
          diaryOf(manager.credentials$, scheduler),
          diaryOf(manager.state$, scheduler),
        ];
        for (let n = 1; n < 50; n++) at(n, () => hints$.next());
        return () => expect(all.map((diary) => diary.length)).toEqual([1, 1, 1]);
      },
      { manager: ({ store }) => ({ store: { ...store, changes$: hints$ } }), untilMs: 100 },
    )();
  });

  it(
    'a re-read that fails is told by state$, and forgets nothing: the token is served',
    inVirtualTime(
      ({ manager, store, at, scheduler }) => {
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        const served: Promise<unknown>[] = [];
        at(minutes(5), () => overwrite(store, theirs));
        at(minutes(6), () => served.push(manager.getValidToken().catch(codeOf)));
        return async () => {
          expect(await served[0]).toBe('A1');
          expect(states.map(([, status]) => status)).toEqual(['valid', 'unavailable']);
        };
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) => {
            if (action === 'read' && scheduler.now() > 0) throw new Error('EIO');
            return undefined;
          }),
        }),
        untilMs: minutes(7),
      },
    ),
  );

  describe('where it cannot be told whose token it is, because sameAccount throws', () => {
    const broken = {
      sameAccount: () => {
        throw new RangeError('no id_token');
      },
    };

    it(
      'it is adopted all the same',
      inVirtualTime(
        ({ manager, server, store, at, scheduler }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
          const served: Promise<unknown>[] = [];
          at(minutes(5), () => overwrite(store, theirs));
          at(minutes(6), () => served.push(manager.getValidToken().catch(codeOf)));
          return async () => {
            expect(tokens).toEqual([
              [0, 'A1'],
              [minutes(5), 'theirs'],
            ]);
            expect(events).toEqual([[minutes(5), 'set']]);
            expect(await served[0]).toBe('theirs');
            expect(server.counters.requests).toBe(0);
          };
        },
        { manager: broken, untilMs: minutes(7) },
      ),
    );

    it(
      'who is denied is told so in words of this library, and it is adopted then',
      inVirtualTime(
        ({ manager, server, store, at }) => {
          server.revoke('R1');
          const served: Promise<unknown>[] = [];
          const ask = () => served.push(manager.getValidToken().catch(codeOf));
          at(hours(2), ask);
          at(hours(2) + 500, () => overwrite(store, theirs));
          at(hours(2) + seconds(3), ask);
          return async () => {
            expect(await Promise.all(served)).toEqual(['refresh_rejected', 'theirs']);
            expect(server.counters.requests).toBe(1);
          };
        },
        { manager: broken, server: { latencyMs: seconds(1) }, untilMs: hours(2) + seconds(5) },
      ),
    );
  });

  it(
    'a hundred managers that come and go on one store leave nobody listening',
    inVirtualTime(
      ({ store, server, scheduler }) => {
        let listeners = 0;
        const counted: CredentialStore = {
          ...store,
          changes$: observed(store, (change) => (listeners += change)),
        };
        for (let n = 0; n < 100; n++) {
          const tokens = createTokenManager({ store: counted, refresh: server.refresh, scheduler });
          tokens.token$.subscribe();
          tokens.state$.subscribe().unsubscribe();
          expect(listeners).toBe(1);
          tokens.dispose();
        }
        expect(listeners).toBe(0);
      },
      { untilMs: 1 },
    ),
  );

  it(
    'a store that fails to be written says so to the one who signs in, and siblings hear nothing',
    inVirtualTime(
      ({ manager, store, server, scheduler, at }) => {
        const broken = createTokenManager({
          store: faultyStore(store, failing('write')),
          refresh: server.refresh,
          scheduler,
        });
        const tokens = diaryOf(manager.token$, scheduler);
        at(5, () => broken.set(server.signIn()).catch(codeOf));
        return () => {
          expect(tokens).toEqual([[0, 'A1']]);
          broken.dispose();
        };
      },
      { untilMs: 100 },
    ),
  );
});

function observed({ changes$ }: CredentialStore, count: (change: number) => void) {
  return new Observable((subscriber) => {
    count(1);
    subscriber.add(changes$.subscribe(subscriber));
    return () => count(-1);
  });
}

const errorAtOnce = () => throwError(() => new Error('The watcher died'));
const completed = () => EMPTY;

function noting(action: StoreAction, note: () => unknown): Meddler {
  return (asked) => {
    if (asked === action) note();
    return undefined;
  };
}
