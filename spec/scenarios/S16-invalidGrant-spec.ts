import { describe, expect, it } from '@jest/globals';
import type { Credentials } from 'rx-token';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { jwt } from '../helpers/jwt.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { overwrite, storedIn } from '../helpers/stored.js';

const start = hours(2);
const successor: Credentials = { access_token: A(50), refresh_token: R(50), expires_at: hours(9) };

/** Somebody of another make is faster: R1 has been spent, and its successor comes into the store later. */
const denied = { server: { latencyMs: 50 }, untilMs: hours(3) };

describe('S16: the request with R1 is answered by invalid_grant', () => {
  it.each([
    ['the store already holds R2', 20],
    ['the store gets R2 300 ms later', 350],
  ])('%s: it is adopted, nobody is signed out, one request in all', (_what, afterMs) =>
    scenario(({ manager, server, store, at, ask, scheduler }) => {
      server.faults.next({ status: 400, body: { error: 'invalid_grant' } });
      const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
      const asked: unknown[] = [];
      at(start, () => asked.push(ask(manager.validToken$), ask(manager.validToken$)));
      at(start + afterMs, () => overwrite(store, successor));
      return () => {
        for (const diary of asked) expect(diary).toEqual([[expect.any(Number), A(50)]]);
        expect(states.map(([, status]) => status)).not.toContain('reauthentication-required');
        expect(server.counters.requests).toBe(1);
        expect(storedIn(store)).toEqual(successor);
      };
    }, denied)(),
  );

  it(
    'the store still holds R1: it is marked dead for everyone, and A1 is served to its true end',
    scenario(({ manager, another, server, store, at, ask, scheduler }) => {
      server.faults.always({ status: 400, body: { error: 'invalid_grant' } });
      const sibling = another();
      const reports = [manager, sibling].map((tokens) => {
        tokens.token$.subscribe();
        return diaryOf(tokens.events$, scheduler, ({ type }) => type);
      });
      const early: unknown[] = [];
      at(hours(1) - seconds(10), () => early.push(ask(manager.validToken$), ask(sibling.validToken$)));
      const late: unknown[] = [];
      at(start, () => late.push(ask(outcome(manager.validToken$)), ask(outcome(sibling.validToken$))));
      at(start, () => late.push(ask(outcome(another().validToken$))));
      return () => {
        expect(early).toEqual(early.map(() => [[hours(1) - seconds(10), A(1)]]));
        expect(late).toEqual(late.map(() => [[start, 'refresh_rejected']]));
        for (const events of reports)
          expect(events.filter(([, type]) => type === 'reauthentication-required')).toHaveLength(1);
        expect([...server.presented]).toEqual([[R(1), 1]]);
        expect(storedIn(store)?.refresh_token).toBe(R(1));
      };
    }, denied),
  );

  it(
    "the store holds another account's record: it is not adopted, and not touched",
    scenario(
      ({ manager, server, store, at, ask }) => {
        server.faults.next({ status: 400, body: { error: 'invalid_grant' } });
        const others = { ...successor, id_token: jwt({ sub: 'bob' }) };
        let asked: unknown;
        at(start, () => (asked = ask(outcome(manager.validToken$))));
        at(start + 20, () => overwrite(store, others));
        return () => {
          expect(asked).toEqual([[expect.any(Number), 'refresh_rejected']]);
          expect(storedIn(store)).toEqual(others);
        };
      },
      {
        ...denied,
        initial: {
          access_token: A(1),
          refresh_token: R(1),
          expires_at: minutes(60),
          id_token: jwt({ sub: 'ann' }),
        },
      },
    ),
  );

  it(
    'the store was cleared by a sign-out: signed out silently, nothing is created again',
    scenario(
      ({ manager, another, server, store, at, ask, scheduler }) => {
        server.faults.next({ status: 400, body: { error: 'invalid_grant' } });
        const sibling = another();
        const told = diaryOf(manager.events$, scheduler, ({ type }) => type);
        let asked: unknown;
        at(start, () => (asked = ask(outcome(manager.validToken$))));
        at(start + 20, () => sibling.clear().catch(codeOf));
        return () => {
          expect(asked).toEqual([[expect.any(Number), 'no_credentials']]);
          expect(told.map(([, type]) => type)).not.toContain('reauthentication-required');
          expect(storedIn(store)).toBeNull();
        };
      },
      { ...denied, judge: { signedOut: true } },
    ),
  );
});
