import { describe, expect, it } from '@jest/globals';
import type { ReusePolicy } from 'rx-token';
import type { Fault, Rotation } from 'rx-token/testing';
import { diaryOf } from '../helpers/diary.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { storedIn } from '../helpers/stored.js';

const due = minutes(59);
const profile = (reuse: ReusePolicy) => ({ provider: { name: 'test', reuse } });
/** The server commits, and its reply never arrives. */
const dropped: Fault = { commitThenDropReply: 'hang' };

describe('S2: the provider commits R1 → R2, and its reply is lost', () => {
  it.each(['strict', 'unknown'] as const)(
    '%s: A1 is served until its real end; R1 goes on the wire again only then; the denial is reported once',
    (reuse) =>
      scenario(
        ({ manager, server, scheduler, at, ask }) => {
          server.faults.next(dropped);
          const tokens = diaryOf(manager.token$, scheduler);
          const denials = diaryOf(manager.events$, scheduler, (event) =>
            event.type === 'reauthentication-required' ? [event.error.code] : undefined,
          );
          const served = [seconds(40), seconds(50)].map((after) => {
            let diary: unknown;
            at(due + after, () => (diary = ask(manager.validToken$)));
            return () => diary;
          });
          return () => {
            for (const diary of served) expect(diary()).toEqual([[expect.any(Number), A(1)]]);
            expect(server.log.map(({ at }) => at - due)).toEqual([0, seconds(60)]);
            expect(tokens).toEqual([[0, A(1)]]);
            expect(denials.filter(([, code]) => code)).toEqual([[hours(1) + 500, ['rotation_lost']]]);
          };
        },
        {
          manager: { ...profile(reuse), refreshTimeoutMs: seconds(10) },
          judge: { presentedAtMost: 2, revoked: true },
        },
      )(),
  );

  it.each<Rotation>([
    { graceMs: seconds(30), kind: 'idempotent' },
    { graceMs: seconds(30), kind: 'forking' },
  ])('grace of 30 s (%p): R1 is re-sent at once inside the window, R2 adopted and persisted', (rotation) =>
    scenario(
      ({ manager, server, store, scheduler, at }) => {
        server.faults.next(dropped);
        const tokens = diaryOf(manager.token$, scheduler);
        at(due + seconds(11), () => expect(storedIn(store)?.access_token).toBe(tokens[1]![1]));
        return () => {
          expect(server.log.slice(0, 2).map(({ at }) => at - due)).toEqual([0, seconds(10)]);
          expect(tokens[1]![0]).toBe(due + seconds(10));
          expect(server.counters).toMatchObject({ forgiven: 1, reuses: 0 });
        };
      },
      {
        manager: { ...profile({ graceMs: seconds(30) }), refreshTimeoutMs: seconds(10) },
        server: { rotation },
        judge: { presentedAtMost: 2 },
      },
    )(),
  );

  it(
    'harmless: ordinary backoff',
    scenario(
      ({ manager, server, scheduler }) => {
        server.faults.next(dropped, dropped);
        const tokens = diaryOf(manager.token$, scheduler);
        return () => {
          expect(server.log.slice(0, 3).map(({ at }) => at - due)).toEqual([0, 12_000, 24_000]);
          expect(tokens[1]![0]).toBe(due + 24_000);
        };
      },
      {
        manager: { ...profile('harmless'), refreshTimeoutMs: seconds(10), retry: () => seconds(2) },
        server: { rotation: 'none' },
        judge: { presentedAtMost: 5 },
      },
    ),
  );

  it(
    'a reply that arrives after the timeout is persisted if the store still holds R1',
    scenario(
      ({ manager, server, store, scheduler, at }) => {
        server.faults.next({ replyDelayMs: seconds(15) });
        const tokens = diaryOf(manager.token$, scheduler);
        at(due + seconds(15) + 1, () => expect(storedIn(store)?.refresh_token).toBe(R(2)));
        return () => expect(tokens[1]).toEqual([due + seconds(15), A(2)]);
      },
      {
        manager: ({ server }) => ({
          ...profile('strict'),
          refreshTimeoutMs: seconds(10),
          refresh: (held) => server.refresh(held),
        }),
      },
    ),
  );
});
