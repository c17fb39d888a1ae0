import { describe, expect, it } from '@jest/globals';
import { type Observable, Subject, takeUntil } from 'rxjs';
import type { CredentialStore } from 'rx-token';
import { diaryOf, outcome } from '../helpers/diary.js';
import { failing, faultyStore } from '../helpers/faultyStore.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { snapshotIn, storedIn } from '../helpers/stored.js';

const refused = (code: string) => Object.assign(new Error(`${code}: cannot write ${R(2)}`), { code });
const quota = Object.assign(new Error('exceeded the quota'), { name: 'QuotaExceededError' });

describe('S10: the store is read-only or full after a successful rotation', () => {
  it.each([
    ['ENOSPC', refused('ENOSPC')],
    ['EROFS', refused('EROFS')],
    ['EACCES', refused('EACCES')],
    ['QuotaExceededError', quota],
  ])(
    '%s: callers get A2, the old record is intact, and the write succeeds when there is space again',
    (_what, error) =>
      scenario(
        ({ manager, server, store, scheduler, at, ask }) => {
          const tokens = diaryOf(manager.token$, scheduler);
          const told = diaryOf(manager.events$, scheduler, ({ type }) => type);
          at(minutes(59) + 1, () => ask(manager.validToken$));
          at(minutes(59) + 1, () => expect(storedIn(store)?.refresh_token).toBe(R(1)));
          return () => {
            expect(tokens[1]).toEqual([minutes(59), A(2)]);
            expect(told.filter(([, type]) => type === 'persist-failed')).toHaveLength(1);
            expect(told.filter(([, type]) => type === 'persisted')).toHaveLength(1);
            expect(storedIn(store)?.refresh_token).toBe(R(2));
            expect([...server.presented]).toEqual([[R(1), 1]]);
          };
        },
        {
          manager: ({ store }) => ({ store: faultyStore(store, failing('write', 4, error)) }),
          untilMs: minutes(70),
        },
      )(),
  );

  it(
    'the reason is told in the system’s own word',
    scenario(
      ({ manager, scheduler }) => {
        manager.token$.subscribe();
        const told = diaryOf(manager.events$, scheduler, (event) =>
          event.type === 'persist-failed' ? (event.error as { reason?: string }).reason : event.type,
        );
        return () => expect(told.map(([, what]) => what)).toContain('EROFS');
      },
      {
        manager: ({ store }) => ({ store: faultyStore(store, failing('write', 1, refused('EROFS'))) }),
        untilMs: minutes(70),
      },
    ),
  );

  it(
    'strictPersist: the callers fail instead',
    scenario(
      ({ manager, at, ask }) => {
        let failed: unknown;
        at(hours(2), () => (failed = ask(outcome(manager.validToken$))));
        return () => expect(failed).toEqual([[hours(2), 'store_unwritable']]);
      },
      {
        manager: ({ store }) => ({ store: faultyStore(store, failing('write', 2)), strictPersist: true }),
        untilMs: hours(3),
      },
    ),
  );

  it('the process exits before it could be saved: the journal explains the loss to the next one', () => {
    const killed$ = new Subject<void>();
    return scenario(
      ({ manager, another, store, at }) => {
        manager.token$.subscribe();
        const errors: unknown[] = [];
        at(minutes(59) + seconds(30), () => {
          expect(snapshotIn(store).pending).toMatchObject({ sentAt: minutes(59) });
          manager.dispose();
          killed$.next();
        });
        at(hours(2), () =>
          another().validToken$.subscribe({ error: (error: unknown) => errors.push(error) }),
        );
        return () => expect(errors).toMatchObject([{ code: 'rotation_lost', lostAt: minutes(59) }]);
      },
      {
        manager: ({ store }) => ({ store: mortal(faultyStore(store, failing('write')), killed$) }),
        untilMs: hours(3),
        judge: { presentedAtMost: 2, revoked: true },
      },
    )();
  });
});

/** A store whose user dies: the kernel takes the lock from a dead process, and nothing is written any more. */
function mortal(store: CredentialStore, killed$: Observable<unknown>): CredentialStore {
  const hold: CredentialStore['lock']['hold'] = (critical) =>
    store.lock.hold(critical).pipe(takeUntil(killed$));
  return { ...store, lock: { ...store.lock, hold } };
}
