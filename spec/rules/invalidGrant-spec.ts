import { describe, expect, it } from '@jest/globals';
import { of, throwError } from 'rxjs';
import { createTokenManager, type Credentials, NoCredentialsError } from 'rx-token';
import type { VirtualTime, VirtualTimeConfig } from 'rx-token/testing';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';
import { jwt } from '../helpers/jwt.js';
import { overwrite, snapshotIn, storedIn, touch, unheard } from '../helpers/stored.js';

/** Somebody who knows nothing of our lock has refreshed, or signed in, or out. */
const silent: VirtualTimeConfig['manager'] = ({ store }) => ({ store: unheard(store) });
const sibling = (fields: Partial<Credentials> = {}): Credentials => ({
  access_token: 'theirs',
  refresh_token: 'R9',
  expires_at: hours(9),
  ...fields,
});

function another({ server, store, scheduler }: VirtualTime) {
  return createTokenManager({ store, refresh: server.refresh, scheduler });
}

describe('rule 12: on invalid_grant the refresh token is marked dead, and the store read again before anyone is told', () => {
  it.each([
    ['a provider that refuses all the same', () => of({ error: 'invalid_grant' })],
    ['a grant that has nothing to send', () => throwError(() => new NoCredentialsError())],
  ])('credentials without a refresh token have to be signed in again: %s', (_what, refresh) =>
    inVirtualTime(
      ({ manager, store, at, scheduler }) => {
        manager.token$.subscribe();
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        const asked: Promise<unknown>[] = [];
        at(hours(2), () => asked.push(manager.getValidToken().catch(codeOf)));
        return async () => {
          expect(states.at(-1)).toEqual([minutes(59), 'reauthentication-required']);
          expect(await Promise.all(asked)).toEqual(['refresh_rejected']);
          expect(storedIn(store)).toMatchObject({ access_token: 'A1' });
        };
      },
      {
        initial: { access_token: 'A1', expires_at: hours(1) },
        manager: { refresh, skewMs: minutes(1) },
        untilMs: hours(3),
      },
    )(),
  );

  it(
    'nobody is told for half a second, in which the store is read several times',
    inVirtualTime(
      ({ manager, server, store, expectObservable }) => {
        server.revoke('R1');
        expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m 500ms (e|)', {
          e: 'refresh_rejected',
        });
        return () => {
          expect(snapshotIn(store)).toMatchObject({ dead: true, credentials: { refresh_token: 'R1' } });
          expect(server.counters.requests).toBe(1);
        };
      },
      { manager: silent },
    ),
  );

  it.each([0, 100, 300, 450])('a successor that a sibling stores %d ms later is adopted', (ms) =>
    inVirtualTime(
      ({ manager, server, store, at, scheduler }) => {
        server.revoke('R1');
        const tokens = diaryOf(manager.token$, scheduler);
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
        at(minutes(59) + ms, () => overwrite(store, sibling()));
        return () => {
          expect(tokens[1]![1]).toBe('theirs');
          expect(tokens[1]![0]).toBeLessThanOrEqual(minutes(59) + 500);
          expect(states.map(([, status]) => status)).not.toContain('reauthentication-required');
          expect(events.map(([, type]) => type)).toContain('refreshed');
          expect(server.counters.requests).toBe(ms === 0 ? server.counters.requests : 1);
        };
      },
      { manager: silent, untilMs: hours(1.5) },
    )(),
  );

  it(
    'a sign-out meanwhile is heard: nothing is brought back, and nobody has to sign in again who has signed out',
    inVirtualTime(
      ({ manager, server, store, at, scheduler, expectObservable }) => {
        server.revoke('R1');
        const events = diaryOf(manager.events$, scheduler, ({ type }) => type);
        expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m 300ms (e|)', {
          e: 'no_credentials',
        });
        at(hours(1) + 250, () => overwrite(store, null));
        return () => {
          expect(storedIn(store)).toBeNull();
          expect(events.map(([, type]) => type)).toEqual(['loaded', 'refresh-started', 'cleared']);
        };
      },
      { manager: silent },
    ),
  );

  it(
    "another account's record is not adopted by who waits, and not touched",
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        server.revoke('R1');
        const others = sibling({ id_token: jwt({ sub: 'bob' }) });
        at(hours(1) + 250, () => overwrite(store, others));
        expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m 300ms (e|)', {
          e: 'refresh_rejected',
        });
        return () => expect(storedIn(store)).toEqual(others);
      },
      {
        initial: sibling({
          access_token: 'A1',
          refresh_token: 'R1',
          expires_at: 1,
          id_token: jwt({ sub: 'ann' }),
        }),
        manager: silent,
      },
    ),
  );

  it(
    'the sameAccount option is asked where there is one',
    inVirtualTime(
      ({ manager, server, store, at, expectObservable }) => {
        server.revoke('R1');
        at(hours(1) + 250, () => overwrite(store, sibling({ tenant: 'b' })));
        expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m 300ms (e|)', {
          e: 'refresh_rejected',
        });
      },
      {
        manager: (tools) => ({
          ...silent(tools),
          sameAccount: (a, b) => a['tenant'] === b['tenant'],
        }),
      },
    ),
  );

  it(
    'the dead mark is for everyone: a sibling sends nothing',
    inVirtualTime((time) => {
      const { manager, server, at, expectObservable } = time;
      server.revoke('R1');
      const second = another(time);
      at(hours(2), () => manager.getValidToken().catch(codeOf));
      expectObservable(outcome(second.validToken$), '121m ^').toBe('121m (e|)', { e: 'refresh_rejected' });
      return () => {
        expect(server.counters.requests).toBe(1);
        second.dispose();
      };
    }),
  );

  it(
    'a new manager over a dead mark sends nothing, and says what is needed',
    inVirtualTime(
      (time) => {
        const { manager, server, at, scheduler } = time;
        server.revoke('R1');
        at(hours(2), () => manager.getValidToken().catch(codeOf));
        at(hours(3), () => {
          const restarted = another(time);
          const states = diaryOf(restarted.state$, scheduler, ({ status }) => status);
          const errors: unknown[] = [];
          restarted.token$.subscribe();
          restarted.validToken$.subscribe({ error: (error: unknown) => errors.push(error) });
          at(hours(30), () => {
            expect(states.at(-1)).toEqual([hours(3), 'reauthentication-required']);
            expect(errors.map(codeOf)).toEqual(['refresh_rejected']);
            expect(server.counters.requests).toBe(1);
            restarted.dispose();
          });
        });
      },
      { untilMs: hours(31) },
    ),
  );

  it(
    'a new manager serves the access token to its true end all the same',
    inVirtualTime(
      (time) => {
        const { manager, server, at, expectObservable } = time;
        server.faults.next({ status: 400, body: { error: 'invalid_grant' } });
        manager.token$.subscribe();
        at(minutes(59) + seconds(10), () => {
          const restarted = another(time);
          const [served, late] = [diaryOf(restarted.validToken$, time.scheduler), [] as unknown[]];
          expect(served.map(([, token]) => token)).toEqual(['A1']);
          at(hours(1), () => restarted.getValidToken().catch((error: unknown) => late.push(codeOf(error))));
          at(hours(1) + 1, () => restarted.dispose());
        });
        expectObservable(outcome(manager.validToken$), '59m 59s ^').toBe('59m 59s (a|)', { a: 'A1' });
      },
      { untilMs: hours(1.5) },
    ),
  );

  it(
    'set() revives',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        server.revoke('R1');
        const tokens = diaryOf(manager.token$, scheduler);
        at(hours(2), () => void manager.set(server.signIn()));
        return () =>
          expect(tokens.slice(0, 3)).toEqual([
            [0, 'A1'],
            [hours(2), 'A2'],
            [hours(3) - minutes(1), 'A3'],
          ]);
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'set() revives even the refresh token that was marked dead, for somebody has signed in with it',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        server.faults.next({ status: 400, body: { error: 'invalid_grant' } });
        const tokens = diaryOf(manager.token$, scheduler);
        at(
          hours(2),
          () => void manager.set({ access_token: 'again', refresh_token: 'R1', expires_in: 3600 }),
        );
        return () =>
          expect(tokens.slice(0, 3)).toEqual([
            [0, 'A1'],
            [hours(2), 'again'],
            [hours(3) - minutes(1), 'A2'],
          ]);
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    "a sibling's other refresh token revives",
    inVirtualTime(
      ({ manager, server, store, scheduler, at }) => {
        server.revoke('R1');
        const tokens = diaryOf(manager.token$, scheduler);
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        at(hours(2), () => overwrite(store, sibling()));
        return () => {
          expect(tokens.at(-1)).toEqual([hours(2), 'theirs']);
          expect(states.at(-1)).toEqual([hours(2), 'valid']);
        };
      },
      { untilMs: hours(3) },
    ),
  );

  it(
    'another tool that touches another field does not revive',
    inVirtualTime(
      ({ manager, server, store, at }) => {
        server.revoke('R1');
        manager.token$.subscribe();
        at(hours(2), () => touch(store, { theme: 'dark' }));
        at(hours(3), () => manager.getValidToken().catch(codeOf));
        return () => expect(server.counters.requests).toBe(1);
      },
      { untilMs: hours(4) },
    ),
  );

  it(
    'it is reported once by each manager',
    inVirtualTime(
      (time) => {
        const { manager, server, at, scheduler } = time;
        server.revoke('R1');
        const second = another(time);
        const reports = [manager, second].map((tokens) => {
          tokens.token$.subscribe();
          return diaryOf(tokens.events$, scheduler, ({ type }) => type);
        });
        for (let n = 0; n < 10; n++) {
          at(hours(2) + n, () => manager.getValidToken().catch(codeOf));
          at(hours(2) + n, () => second.getValidToken().catch(codeOf));
        }
        return () => {
          expect(server.counters.requests).toBe(1);
          for (const events of reports) {
            expect(events.filter(([, type]) => type === 'reauthentication-required')).toHaveLength(1);
          }
          second.dispose();
        };
      },
      { untilMs: hours(5) },
    ),
  );

  it.each([
    ['github', 'bad_refresh_token', 'refresh_rejected'],
    ['generic', 'bad_refresh_token', 'refresh_unavailable'],
  ])('the profile says which other codes mean the same: %s, %s', (provider, error, code) =>
    inVirtualTime(
      ({ manager, server, at, scheduler }) => {
        server.faults.always({ status: 200, body: { error } });
        at(hours(2), () => {
          const heard = diaryOf(manager.validToken$, scheduler);
          at(hours(2) + seconds(1), () => expect(heard.map(([, what]) => what)).toEqual([code]));
        });
      },
      { manager: { provider }, untilMs: hours(3) },
    )(),
  );

  it(
    'if the mark cannot be written, the denial is told all the same',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        server.revoke('R1');
        expectObservable(outcome(manager.validToken$), '60m ^').toBe('60m 500ms (e|)', {
          e: 'refresh_rejected',
        });
      },
      { manager: ({ store }) => ({ store: faultyStore(store, failing('condemn')) }) },
    ),
  );

  it(
    'if the store cannot be read again, the denial is told all the same, and nothing is deleted',
    inVirtualTime(
      ({ manager, server, store, at, scheduler }) => {
        server.revoke('R1');
        at(hours(1), () => {
          const heard = diaryOf(manager.validToken$, scheduler);
          at(hours(1) + seconds(1), () =>
            expect(heard.map(([, what]) => what)).toEqual(['refresh_rejected']),
          );
        });
        return () => expect(storedIn(store)?.refresh_token).toBe('R1');
      },
      {
        manager: ({ store }) => {
          let isSent = false;
          const watched = faultyStore(store, (action) => {
            isSent ||= action === 'condemn';
            if (isSent && action === 'read') throw new Error('EIO');
            return undefined;
          });
          return { store: watched };
        },
        untilMs: hours(1) + seconds(2),
      },
    ),
  );
});
