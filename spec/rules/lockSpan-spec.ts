import { describe, expect, it } from '@jest/globals';
import { from, NEVER } from 'rxjs';
import { createTokenManager } from 'rx-token';
import { diaryOf } from '../helpers/diary.js';
import { faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { isFree, overwrite, touch, unheard } from '../helpers/stored.js';

describe('rule 11: the lock spans re-read, journal, exchange and durable compare-and-set', () => {
  it('in this order', () => {
    const steps: string[] = [];
    void inVirtualTime(
      ({ manager, at }) => {
        manager.token$.subscribe();
        at(minutes(59) - 1, () => steps.splice(0));
      },
      {
        manager: ({ store, server }) => ({
          store: unheard(faultyStore(store, (action) => void steps.push(action))),
          refresh: (held, context) => (steps.push('send'), server.refresh(held, context)),
        }),
        untilMs: minutes(59),
      },
    )();

    expect(steps).toEqual(['hold', 'read', 'prepare', 'send', 'write', 'release']);
  });

  it('and nobody is told anything while it is held', () => {
    const told: string[] = [];
    void inVirtualTime(
      ({ manager, store, server }) => {
        server.faults.next({ status: 503 });
        const note = (what: string) => told.push(`${what}, ${isFree(store) ? 'free' : 'held'}`);
        manager.token$.subscribe((token) => note(token));
        manager.credentials$.subscribe((held) => note(`${held?.refresh_token}`));
        manager.state$.subscribe(({ status }) => note(status));
        manager.events$.subscribe(({ type }) => type !== 'refresh-started' && note(type));
      },
      {
        manager: ({ store }) => ({
          onRefresh: () => told.push(`onRefresh, ${isFree(store) ? 'free' : 'held'}`),
        }),
        untilMs: hours(1),
      },
    )();

    expect(told.length).toBeGreaterThan(8);
    expect(told).toContain('onRefresh, free');
    expect(told.filter((what) => what.endsWith('held') && !what.startsWith('refreshing'))).toEqual([]);
  });

  it(
    'a sibling that comes second adopts what the first has stored, and sends nothing',
    inVirtualTime(
      ({ manager, server, store, scheduler }) => {
        const sibling = createTokenManager({ store: unheard(store), refresh: server.refresh, scheduler });
        const [ours, theirs] = [manager, sibling].map((tokens) => diaryOf(tokens.token$, scheduler));
        const events = diaryOf(sibling.events$, scheduler, (event) =>
          event.type === 'refreshed' ? event.by : event.type,
        );
        return () => {
          expect(ours).toEqual(theirs);
          expect(theirs).toEqual([
            [0, 'A1'],
            [minutes(59) + seconds(1), 'A2'],
          ]);
          expect(events).toEqual([
            [minutes(59) + seconds(1), 'lock-waited'],
            [minutes(59) + seconds(1), 'sibling'],
          ]);
          expect(server.counters).toMatchObject({ requests: 1, maxConcurrent: 1 });
          sibling.dispose();
        };
      },
      { server: { latencyMs: seconds(1) }, untilMs: hours(1) },
    ),
  );

  it(
    'ten siblings refresh once for each expiry, over twenty lifetimes',
    inVirtualTime(
      ({ manager, server, store, scheduler }) => {
        const all = [
          manager,
          ...Array.from({ length: 9 }, () =>
            createTokenManager({ store, refresh: server.refresh, scheduler }),
          ),
        ];
        const diaries = all.map((tokens) => diaryOf(tokens.token$, scheduler));
        return () => {
          expect(server.counters).toMatchObject({ requests: 20, reuses: 0, maxConcurrent: 1 });
          for (const diary of diaries) expect(diary).toEqual(diaries[0]);
          for (const tokens of all) tokens.dispose();
        };
      },
      { server: { latencyMs: 300 }, untilMs: 20 * minutes(59) + seconds(10) },
    ),
  );

  it(
    'after acquiring it refreshes what the store holds now, not what was held before',
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        manager.credentials$.subscribe();
        const others = server.signIn();
        at(hours(2), () =>
          overwrite(store, { ...others, refresh_token: others.refresh_token!, expires_in: 1, expires_at: 1 }),
        );
        expectObservable(manager.validToken$, '121m ^').toBe('121m (c|)', { c: 'A3' });
        return () => expect([...server.presented.keys()]).toEqual(['R2']);
      },
      { manager: ({ store }) => ({ store: unheard(store) }) },
    ),
  );

  it(
    'a sign-out that a sibling has stored is adopted too',
    inVirtualTime(
      ({ manager, server, store, scheduler, at }) => {
        const held = diaryOf(manager.credentials$, scheduler, (credentials) => credentials?.access_token);
        manager.token$.subscribe();
        at(minutes(10), () => overwrite(store, null));
        return () => {
          expect(held).toEqual([
            [0, 'A1'],
            [minutes(59), undefined],
          ]);
          expect(server.counters.requests).toBe(0);
        };
      },
      { manager: ({ store }) => ({ store: unheard(store) }), untilMs: hours(3) },
    ),
  );

  it(
    'who waits for the lock and hears that a sibling has refreshed waits no longer, however long the lock is held',
    inVirtualTime(
      ({ manager, server, store, scheduler, at, expectObservable }) => {
        const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
        from(store.lock.hold(() => NEVER)).subscribe(); // by somebody who does not let go
        at(minutes(61), () => touch(store, { theme: 'dark' })); // a hint that is no news of the token
        at(minutes(62), () => overwrite(store, { ...server.signIn(), expires_at: hours(9) }));
        expectObservable(manager.validToken$, '60m 58s ^').toBe('62m (c|)', { c: 'A2' });
        return () => {
          expect(server.counters.requests).toBe(0);
          expect(events.slice(1)).toEqual([
            [minutes(62), 'lock-waited'],
            [minutes(62), 'refreshed'],
          ]);
        };
      },
      { manager: { lockTimeoutMs: minutes(5) }, untilMs: hours(2) },
    ),
  );
});
