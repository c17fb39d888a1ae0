import { describe, expect, it } from '@jest/globals';
import { codeOf, diaryOf, type Entry, outcome } from '../helpers/diary.js';
import { hours, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { storedIn } from '../helpers/stored.js';

const start = hours(2);
const slow = { server: { latencyMs: seconds(1) }, untilMs: start + seconds(60) };

describe('S19: logout, dispose or account switch during a refresh', () => {
  it(
    'clear(): the reply is discarded, nothing is armed again, and whoever waited gets NoCredentialsError',
    scenario(
      ({ manager, server, store, at, ask }) => {
        const asked: unknown[] = [];
        at(start - 1, () => expect(server.counters.requests).toBe(0));
        at(start, () => asked.push(ask(outcome(manager.validToken$)), ask(outcome(manager.renewal(A(1))))));
        at(start + 500, () => void manager.clear());
        return () => {
          expect(asked).toEqual(asked.map(() => [[start + 500, 'no_credentials']]));
          expect(storedIn(store)).toBeNull();
          expect(server.presented.get(R(1)) ?? 0).toBeLessThanOrEqual(1);
        };
      },
      { ...slow, judge: { signedOut: true } },
    ),
  );

  it(
    'clear(), then set(): whoever asks from then on gets the other account, and nothing of the first',
    scenario(({ manager, server, store, at, ask }) => {
      const asked: Entry[][] = [];
      at(start, () => asked.push(ask(outcome(manager.validToken$))));
      at(start + 500, () => {
        void manager.clear();
        void manager.set(server.signIn({ access_token: 'bob-canary', refresh_token: 'bob-canary-refresh' }));
      });
      for (const ms of [500, 600, 999, 1_000, 1_001, 5_000])
        at(start + ms, () => asked.push(ask(outcome(manager.validToken$))));
      return () => {
        for (const diary of asked.slice(1)) expect(diary[0]![1]).toBe('bob-canary');
        expect(['bob-canary', 'no_credentials']).toContain(asked[0]![0]![1]);
        expect(storedIn(store)?.refresh_token).toBe('bob-canary-refresh');
      };
    }, slow),
  );

  it(
    "A's late invalid_grant cannot clear B",
    scenario(({ manager, server, store, at, ask, scheduler }) => {
      server.faults.next({ status: 400, body: { error: 'invalid_grant' }, replyDelayMs: seconds(1) });
      const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
      at(start, () => ask(outcome(manager.validToken$)));
      at(start + 500, () => void manager.set(server.signIn()));
      return () => {
        expect(states.at(-1)![1]).toBe('valid');
        expect(states.map(([, status]) => status)).not.toContain('reauthentication-required');
        expect(storedIn(store)?.access_token).toBe(A(2));
      };
    }, slow),
  );

  it(
    'in another process: its flight finds the tombstone, and it signs out too',
    scenario(
      ({ manager, another, store, at, ask, scheduler }) => {
        const sibling = another();
        const held = diaryOf(sibling.credentials$, scheduler, (now) => now?.access_token ?? null);
        let asked: unknown;
        at(start, () => (asked = ask(outcome(sibling.validToken$))));
        at(start + 500, () => void manager.clear());
        return () => {
          expect(asked).toEqual([[start + 1_000, 'no_credentials']]);
          expect(held.at(-1)![1]).toBeNull();
          expect(storedIn(store)).toBeNull();
        };
      },
      { ...slow, judge: { signedOut: true } },
    ),
  );

  it(
    'in another process: it follows the account switch, and nothing of A reaches a caller of B',
    scenario(({ manager, another, server, store, at, ask }) => {
      const sibling = another();
      const asked: Entry[][] = [];
      at(start, () => asked.push(ask(sibling.validToken$)));
      at(start + 500, () => void manager.set(server.signIn({ access_token: 'bob-canary' })));
      at(start + 2_000, () => asked.push(ask(sibling.validToken$), ask(manager.validToken$)));
      return () => {
        for (const diary of asked) expect(diary[0]![1]).toBe('bob-canary');
        expect(storedIn(store)?.access_token).toBe('bob-canary');
      };
    }, slow),
  );

  it(
    'dispose(): the reply is persisted, and whoever waited is let go at once',
    scenario(({ manager, server, store, at, ask }) => {
      let asked: unknown;
      at(start, () => (asked = ask(outcome(manager.validToken$))));
      at(start + 500, () => manager.dispose());
      return async () => {
        expect(asked).toEqual([[start + 500, 'disposed']]);
        expect(storedIn(store)?.refresh_token).toBe(R(2));
        expect(server.counters.requests).toBe(1);
        expect(await manager.getValidToken().catch(codeOf)).toBe('disposed');
      };
    }, slow),
  );
});
