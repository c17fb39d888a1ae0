import { describe, expect, it } from '@jest/globals';
import { timer } from 'rxjs';
import type { TokenState } from 'rx-token';
import type { Fault } from 'rx-token/testing';
import { codeOf, diaryOf } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';

const due = minutes(59);
const brief = (state: TokenState): unknown =>
  'error' in state ? [state.status, state.error.code] : state.status;

describe('state$ is one discriminated union for user interfaces and health checks', () => {
  it(
    'from loading to valid, refreshing and valid again',
    inVirtualTime(
      ({ manager, expectObservable }) => {
        manager.token$.subscribe();
        expectObservable(manager.state$, '^ 60m !').toBe('l 99ms v 3539899ms r 999ms v', {
          l: { status: 'loading' },
          v: { status: 'valid' },
          r: { status: 'refreshing' },
        });
      },
      {
        manager: ({ store, scheduler }) => ({
          store: faultyStore(store, (action) =>
            action === 'read' && scheduler.now() < 100 ? timer(100, scheduler) : undefined,
          ),
        }),
        server: { latencyMs: seconds(1) },
        untilMs: hours(1),
      },
    ),
  );

  it(
    'replays the present state to each subscriber, and completes on dispose()',
    inVirtualTime(({ manager, at, expectObservable }) => {
      manager.credentials$.subscribe();
      expectObservable(manager.state$, '5m ^').toBe('5m v 59999ms |', { v: { status: 'valid' } });
      at(minutes(6), () => manager.dispose());
      expectObservable(manager.state$, '7m ^').toBe('7m |');
    }),
  );

  it(
    'signed-out, and back',
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        const states = diaryOf(manager.state$, scheduler, brief);
        at(10, () => void manager.set(server.signIn()));
        at(20, () => void manager.clear());
        return () =>
          expect(states).toEqual([
            [0, 'signed-out'],
            [10, 'valid'],
            [20, 'signed-out'],
          ]);
      },
      { initial: null, untilMs: 100 },
    ),
  );

  it(
    'retrying, with the error, the attempt and when the next one is',
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        server.faults.next({ status: 503 }, { status: 429 });
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, (state) =>
          state.status === 'retrying'
            ? [state.attempt, state.retryAt - due, state.error.code, state.error.retryAt]
            : state.status,
        );
        return () =>
          expect(states).toEqual([
            [0, 'valid'],
            [due, 'refreshing'],
            [due, [1, 1_000, 'refresh_unavailable', due + 1_000]],
            [due + 1_000, 'refreshing'],
            [due + 1_000, [2, 3_000, 'refresh_unavailable', due + 3_000]],
            [due + 3_000, 'refreshing'],
            [due + 3_000, 'valid'],
          ]);
      },
      { manager: { retry: (attempt) => seconds(attempt) }, untilMs: hours(1) },
    ),
  );

  it.each<[string, Fault, unknown]>([
    [
      'a refusal of the client',
      { status: 401, body: { error: 'invalid_client' } },
      ['retrying', 'configuration'],
    ],
    ['a lost answer', { commitThenDropReply: 'reset' }, ['retrying', 'refresh_unavailable']],
    [
      'a refusal of the refresh token',
      { status: 400, body: { error: 'invalid_grant' } },
      ['reauthentication-required', 'refresh_rejected'],
    ],
  ])('after %s', (_what, fault, expected) =>
    inVirtualTime(
      ({ manager, server, scheduler }) => {
        server.faults.always(fault);
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, brief);
        return () => expect(states.at(-1)![1]).toEqual(expected);
      },
      { untilMs: due + seconds(1) },
    )(),
  );

  it(
    'unavailable while the store cannot be read, which is not signed out',
    inVirtualTime(
      ({ manager, scheduler, at }) => {
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, brief);
        at(1, () => manager.getValidToken().catch(codeOf));
        return () => {
          const seen = states.map(([, state]) => state);
          expect(seen[0]).toEqual(['unavailable', 'store_unreadable']);
          expect(seen).not.toContain('signed-out');
          expect(seen.at(-1)).toBe('valid');
        };
      },
      { manager: ({ store }) => ({ store: faultyStore(store, failing('read', 3)) }), untilMs: minutes(1) },
    ),
  );

  it(
    'a refresh that a person has to help with stays so while others look at it',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        server.revoke('R1');
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        for (let n = 0; n < 20; n++) at(hours(1) + seconds(n), () => manager.getValidToken().catch(codeOf));
        at(hours(1) + seconds(30), () => manager.peek());
        return () =>
          expect(states.map(([, status]) => status)).toEqual([
            'valid',
            'refreshing',
            'reauthentication-required',
          ]);
      },
      { untilMs: hours(2) },
    ),
  );
});
