import { describe, expect, it } from '@jest/globals';
import { createTokenManager, type TokenEvent, TokenError } from 'rx-token';
import { codeOf } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { overwrite } from '../helpers/stored.js';

const due = minutes(59);

/** The events of a manager, with errors as their codes. */
function eventsOf(events$: { subscribe(next: (event: TokenEvent) => void): unknown }): unknown[] {
  const events: unknown[] = [];
  events$.subscribe((event) => {
    if ('error' in event) expect(event.error).toBeInstanceOf(TokenError);
    events.push('error' in event ? { ...event, error: event.error.code } : event);
  });
  return events;
}

describe('events$ tells what happened, as a discriminated union', () => {
  it(
    'a load, a refresh',
    inVirtualTime(
      ({ manager }) => {
        const events = eventsOf(manager.events$);
        manager.token$.subscribe();
        return () =>
          expect(events).toEqual([
            { type: 'loaded', signedIn: true, at: 0 },
            { type: 'refresh-started', attempt: 1, at: due },
            {
              type: 'refreshed',
              by: 'self',
              expiresAt: due + hours(1) + seconds(1) - seconds(1),
              at: due + seconds(1),
            },
          ]);
      },
      { server: { latencyMs: seconds(1) }, untilMs: hours(1) },
    ),
  );

  it(
    'a failure, with the attempt and when the next one is',
    inVirtualTime(
      ({ manager, server }) => {
        server.faults.next({ status: 503 });
        const events = eventsOf(manager.events$);
        manager.token$.subscribe();
        return () =>
          expect(events.slice(1)).toEqual([
            { type: 'refresh-started', attempt: 1, at: due },
            {
              type: 'refresh-failed',
              error: 'refresh_unavailable',
              attempt: 1,
              retryAt: due + 2_000,
              at: due,
            },
            { type: 'refresh-started', attempt: 2, at: due + 2_000 },
            { type: 'refreshed', by: 'self', expiresAt: due + 2_000 + hours(1), at: due + 2_000 },
          ]);
      },
      { manager: { retry: () => 2_000 }, untilMs: hours(1) },
    ),
  );

  it(
    'a sign-in, an invalidation, a sign-out',
    inVirtualTime(
      ({ manager, server, at }) => {
        const events = eventsOf(manager.events$);
        manager.credentials$.subscribe();
        at(10, () => void manager.set(server.signIn()));
        at(20, () => void manager.invalidate());
        at(30, () => void manager.clear());
        return () =>
          expect(events).toEqual([
            { type: 'loaded', signedIn: false, at: 0 },
            { type: 'set', by: 'self', at: 10 },
            { type: 'invalidated', at: 20 },
            { type: 'cleared', by: 'self', at: 30 },
          ]);
      },
      { initial: null, untilMs: 100 },
    ),
  );

  it(
    'what a sibling has done: signed in, refreshed, signed out',
    inVirtualTime(
      ({ manager, server, store, scheduler, at }) => {
        const sibling = createTokenManager({ store, refresh: server.refresh, scheduler });
        const events = eventsOf(manager.events$);
        manager.credentials$.subscribe();
        at(10, () => void sibling.set(server.signIn()));
        at(20, () => void sibling.renew('A1'));
        at(30, () => void sibling.clear());
        return () => {
          expect(events.slice(1)).toEqual([
            { type: 'set', by: 'sibling', at: 10 },
            { type: 'refreshed', by: 'sibling', expiresAt: 20 + hours(1), at: 20 },
            { type: 'cleared', by: 'sibling', at: 30 },
          ]);
          sibling.dispose();
        };
      },
      { initial: null, untilMs: 100 },
    ),
  );

  it(
    'that the refresh token was refused, once',
    inVirtualTime(
      ({ manager, server, at }) => {
        server.revoke('R1');
        const events = eventsOf(manager.events$);
        manager.token$.subscribe();
        at(hours(2), () => manager.getValidToken().catch(codeOf));
        return () =>
          expect(events.slice(2)).toMatchObject([
            { type: 'reauthentication-required', error: 'refresh_rejected', at: due + 500 },
          ]);
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'that the store has failed, and that it could be saved at last',
    inVirtualTime(
      ({ manager }) => {
        const events = eventsOf(manager.events$);
        manager.token$.subscribe();
        return () =>
          expect(events.slice(2)).toMatchObject([
            { type: 'persist-failed', error: 'store_unwritable', at: due },
            { type: 'refreshed', by: 'self', at: due },
            { type: 'persisted' },
          ]);
      },
      { manager: ({ store }) => ({ store: faultyStore(store, failing('write', 1)) }), untilMs: hours(1) },
    ),
  );

  it(
    'nothing where only a field of another tool has changed',
    inVirtualTime(
      ({ manager, store, at }) => {
        const events = eventsOf(manager.events$);
        manager.credentials$.subscribe();
        at(10, () =>
          overwrite(store, { access_token: 'A1', refresh_token: 'R1', expires_at: hours(1), theme: 1 }),
        );
        return () => expect(events).toHaveLength(1);
      },
      { untilMs: 100 },
    ),
  );

  it(
    'from now on, to each subscriber, until dispose()',
    inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        manager.credentials$.subscribe();
        at(10, () => void manager.set(server.signIn()));
        expectObservable(manager.events$, '-----^').toBe('----------s---------|', {
          s: { type: 'set', by: 'self', at: 10 },
        });
        expectObservable(manager.events$, '---------------^').toBe('--------------------|');
        expectObservable(manager.events$, '-------------------------^').toBe('-------------------------|');
        at(20, () => manager.dispose());
      },
      { untilMs: 100 },
    ),
  );

  it(
    'come after the change that they tell of: who hears one finds the new token served',
    inVirtualTime(
      ({ manager }) => {
        const seen: unknown[] = [];
        let current: string | undefined;
        manager.token$.subscribe((token) => (current = token));
        manager.events$.subscribe(({ type }) => type === 'refreshed' && seen.push(current));
        return () => expect(seen).toEqual(['A2', 'A3']);
      },
      { untilMs: hours(2) },
    ),
  );
});
