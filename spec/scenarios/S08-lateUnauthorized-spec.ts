import { describe, expect, it } from '@jest/globals';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, scenario } from '../helpers/scenario.js';
import { unheard } from '../helpers/stored.js';

const slow = { server: { latencyMs: seconds(1) } };

describe('S8: a 401 for a token that was rotated already, and one for the current token', () => {
  it(
    'rotated by us: no refresh, the current one is the answer',
    scenario(({ manager, server, at, ask }) => {
      manager.token$.subscribe();
      let answers: unknown;
      at(minutes(61), () => (answers = ask(manager.renewal(A(1)))));
      return () => {
        expect(answers).toEqual([[minutes(61), A(2)]]);
        expect(server.counters.requests).toBe(2);
      };
    }),
  );

  it(
    'rotated by another process, of which nobody has told us: the store is read again, no refresh',
    scenario(
      ({ manager, another, server, at, ask }) => {
        manager.credentials$.subscribe();
        const sibling = another();
        at(minutes(30), () => void sibling.renew(A(1)));
        let answers: unknown;
        at(minutes(40), () => (answers = ask(manager.renewal(A(1)))));
        return () => {
          expect(answers).toEqual([[minutes(40), A(2)]]);
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, manager: ({ store }) => ({ store: unheard(store) }), untilMs: minutes(50) },
    ),
  );

  it(
    'for the current unexpired token: one forced refresh that a hundred such 401s share',
    scenario(
      ({ manager, server, at, ask }) => {
        const answers: unknown[][] = [];
        for (let n = 0; n < 100; n++) at(minutes(10) + 5 * n, () => answers.push(ask(manager.renewal(A(1)))));
        return () => {
          expect(answers).toHaveLength(100);
          expect(new Set(answers.map((diary) => (diary[0] as unknown[])[1]))).toEqual(new Set([A(2)]));
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: hours(1) },
    ),
  );

  it(
    'a hundred that come too late, one after the other, cost nothing more',
    scenario(
      ({ manager, server, at, ask }) => {
        for (let n = 0; n < 100; n++) at(minutes(10) + 100 * n, () => ask(manager.renewal(A(1))));
        return () => expect(server.counters.requests).toBe(1);
      },
      { ...slow, untilMs: hours(1) },
    ),
  );

  it(
    'a 401 on the retry forces another one, and tokens are kept',
    scenario(
      ({ manager, server, at, ask }) => {
        let second: unknown;
        at(minutes(10), () => ask(manager.renewal(A(1))));
        at(minutes(11), () => (second = ask(manager.renewal(A(2)))));
        return () => {
          expect(second).toEqual([[minutes(11) + seconds(1), A(3)]]);
          expect(server.counters.requests).toBe(2);
        };
      },
      { ...slow, untilMs: hours(1) },
    ),
  );
});
