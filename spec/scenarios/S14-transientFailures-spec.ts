import { describe, expect, it } from '@jest/globals';
import type { TokenError } from 'rx-token';
import type { Fault } from 'rx-token/testing';
import { diaryOf } from '../helpers/diary.js';
import { minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, scenario } from '../helpers/scenario.js';

const due = minutes(56); // a skew of four minutes
const end = minutes(60);
const failures: [string, Fault][] = [
  ['503', { status: 503, body: 'down' }],
  ['a connection refused', { dropBeforeCommit: 'reset', delayMs: 5 }],
  ['429, Retry-After: 7', { status: 429, headers: { 'retry-after': '7' } }],
  [
    '429, Retry-After: a date',
    { status: 429, headers: { 'retry-after': new Date(end + seconds(5)).toUTCString() } },
  ],
  ['429, Retry-After: 0', { status: 429, headers: { 'retry-after': '0' } }],
  ['429, Retry-After: garbage', { status: 429, headers: { 'retry-after': 'soon' } }],
];

describe('S14: transient failures, with an access token that is good for four more minutes', () => {
  it.each(failures)(
    '%s for three minutes: nobody is signed out, fifty callers get the old token, then the new one',
    (_what, fault) =>
      scenario(
        ({ manager, server, at, ask, scheduler }) => {
          server.faults.always(fault);
          const tokens = diaryOf(manager.token$, scheduler);
          const asked: unknown[][] = [];
          for (let n = 0; n < 50; n++) at(due + n * seconds(3.5), () => asked.push(ask(manager.validToken$)));
          at(due + minutes(3), () => server.faults.clear());
          return () => {
            for (const diary of asked) expect(diary).toEqual([[expect.any(Number), A(1)]]);
            expect(tokens.map(([, token]) => token).slice(0, 2)).toEqual([A(1), A(2)]);
            expect(tokens[1]![0]).toBeLessThan(end + seconds(70));
          };
        },
        {
          manager: { skewMs: minutes(4), provider: 'google' },
          judge: { presentedAtMost: 100 },
          untilMs: minutes(62),
        },
      )(),
  );

  it.each(failures)(
    '%s past the end: callers fail fast with a retryAt, and recovery needs no restart',
    (_what, fault) =>
      scenario(
        ({ manager, server, at, scheduler }) => {
          server.faults.always(fault);
          const tokens = diaryOf(manager.token$, scheduler);
          const errors: [number, TokenError][] = [];
          for (let n = 0; n < 50; n++)
            at(end + seconds(60) + n * 100, () =>
              manager.validToken$.subscribe({
                error: (error: unknown) => errors.push([scheduler.now(), error as TokenError]),
              }),
            );
          at(end + seconds(70), () => server.faults.clear());
          return () => {
            for (const [at, { retryAt, code }] of errors) {
              expect(code).toBe('refresh_unavailable');
              expect(retryAt).toBeGreaterThan(at);
            }
            expect(tokens.map(([, token]) => token)).toEqual([A(1), A(2)]);
          };
        },
        {
          manager: { skewMs: minutes(4), provider: 'google' },
          judge: { presentedAtMost: 200 },
          untilMs: minutes(70),
        },
      )(),
  );

  it(
    'one attempt for each backoff step, for all callers together',
    scenario(
      ({ manager, server, at, ask }) => {
        server.faults.always({ status: 503 });
        manager.token$.subscribe();
        for (let n = 0; n < 500; n++) at(due + n * 100, () => ask(manager.validToken$));
        return () => {
          const times = server.log.map(({ at }) => at - due);
          expect(times.slice(0, 5)).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
        };
      },
      {
        manager: { skewMs: minutes(4), retry: (attempt) => 1_000 * 2 ** (attempt - 1) },
        judge: { presentedAtMost: 100 },
        untilMs: due + seconds(50),
      },
    ),
  );

  it(
    'a Retry-After of 99999 s is capped at an hour',
    scenario(
      ({ manager, server }) => {
        server.faults.next({ status: 503, headers: { 'retry-after': '99999' } });
        manager.token$.subscribe();
        return () => expect(server.log.map(({ at }) => at - due)).toEqual([0, minutes(60)]);
      },
      { manager: { skewMs: minutes(4) }, judge: { presentedAtMost: 2 }, untilMs: minutes(120) },
    ),
  );

  it(
    'a stalled socket is aborted at the timeout and the slot is free',
    scenario(
      ({ manager, server, scheduler }) => {
        server.faults.next({ dropBeforeCommit: 'hang' });
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(tokens.map(([, token]) => token)).toEqual([A(1), A(2)]);
          expect(tokens[1]![0]).toBeLessThan(due + seconds(35));
        };
      },
      {
        manager: { skewMs: minutes(4), provider: 'google' },
        judge: { presentedAtMost: 2 },
        untilMs: minutes(61),
      },
    ),
  );
});
