import { describe, expect, it } from '@jest/globals';
import { concat, EMPTY, of, throwError, type ObservableInput } from 'rxjs';
import { ANY_VERSION, NO_VERSION, type Lease } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { processStore } from '../../src/stores/processStore.js';
import { marbles, type Marbles } from '../helpers/marbles.js';
import { snapshotIn } from '../helpers/stored.js';

const first: Credentials = { access_token: 'A1', refresh_token: 'R1', expires_at: 1 };
const second: Credentials = { access_token: 'A2', refresh_token: 'R2' };

/** A cell that takes its time. */
function slowCell({ cold }: Marbles) {
  let kept: Credentials | null = first;
  const log: string[] = [];
  return {
    log,
    get: () => (log.push('get'), cold('--(k|)', { k: kept })),
    set: (next: Credentials | null) => (log.push('set'), (kept = next), cold('---x|')),
  };
}
const plainCell = (set: () => ObservableInput<unknown> = () => EMPTY) => ({ get: () => of(first), set });

describe('processStore', () => {
  it(
    'reads and writes in turn, whether or not a refresh is under way',
    marbles((tools) => {
      const store = processStore(slowCell(tools));
      const { version } = snapshotIn(processStore(plainCell()));
      store.lock.hold(() => tools.cold('')).subscribe();

      tools.expectObservable(store.write(second, version) as never).toBe('------(w|)', {
        w: { written: true, snapshot: { credentials: second, version: expect.any(String) } },
      });
      tools.expectObservable(store.read() as never).toBe('--------(r|)', {
        r: { credentials: second, version: expect.any(String) },
      });
    }),
  );

  it(
    'hints when a write is done, and only then',
    marbles((tools) => {
      const store = processStore(slowCell(tools));
      tools.expectObservable(store.changes$).toBe('----x---', { x: undefined });
      concat(store.write(second, ANY_VERSION), store.write(first, 'another')).subscribe();
    }),
  );

  it(
    'does not read what is to be written over anyway',
    marbles((tools) => {
      const cell = slowCell(tools);
      concat(processStore(cell).write(null, ANY_VERSION)).subscribe();
      tools.scheduler.flush();
      expect(cell.log).toEqual(['set']);
    }),
  );

  it('leaves alone what has another version, and says what it is', () => {
    const sets: unknown[] = [];
    const store = processStore(plainCell(() => of(sets.push('set'))));
    const results: unknown[] = [];
    concat(store.write(second, NO_VERSION)).subscribe((result) => results.push(result));
    expect(results).toEqual([{ written: false, snapshot: snapshotIn(store) }]);
    expect(sets).toEqual([]);
  });

  it('hints at nothing when a write has failed, and takes the next', () => {
    const full = new Error('full');
    let isFull = true;
    const store = processStore(plainCell(() => (isFull ? throwError(() => full) : EMPTY)));
    const seen: unknown[] = [];
    store.changes$.subscribe(() => seen.push('hint'));
    concat(store.write(second, ANY_VERSION)).subscribe({ error: (error: unknown) => seen.push(error) });
    isFull = false;
    concat(store.write(second, ANY_VERSION)).subscribe();
    expect(seen).toEqual([full, 'hint']);
  });

  it('is as ready after a read that failed', () => {
    const locked = new Error('locked');
    let isLocked = true;
    const get = () => (isLocked ? throwError(() => locked) : of(first));
    const store = processStore({ get, set: () => EMPTY });
    const seen: unknown[] = [];
    concat(store.read()).subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([locked]);
    isLocked = false;
    expect(snapshotIn(store).credentials).toBe(first);
  });

  it('versions the content: equal for equal, and none for nothing', () => {
    const of1 = snapshotIn(processStore(plainCell()));
    expect(snapshotIn(processStore(plainCell())).version).toBe(of1.version);
    expect(
      snapshotIn(processStore({ get: () => of({ ...first, scope: 'all' }), set: () => EMPTY })).version,
    ).not.toBe(of1.version);
    expect(snapshotIn(processStore({ get: () => of(null), set: () => EMPTY })).version).toBe(NO_VERSION);
    expect(of1.version).not.toContain('A1');
  });

  it('has a lease that never lapses', () => {
    const leases: Lease[] = [];
    const { lock } = processStore(plainCell());
    lock.hold((lease) => (leases.push(lease), EMPTY)).subscribe();
    expect(lock.lossy).toBe(false);
    expect(leases[0]!.remainingMs()).toBe(Infinity);
    expect(leases[0]!.signal.aborted).toBe(false);
  });

  it('notes what concerns what it holds, until a sign-in', () => {
    let kept: Credentials = first;
    const store = processStore({ get: () => of(kept), set: (next) => ((kept = next!), EMPTY) });
    store.lock
      .hold(
        (lease) =>
          concat(lease.prepare(first, snapshotIn(store).version, 5, 9), lease.condemn(first)) as typeof EMPTY,
      )
      .subscribe();

    expect(snapshotIn(store)).toMatchObject({ dead: true, pending: { sentAt: 5, until: 9 } });
    concat(store.write(first, ANY_VERSION)).subscribe();
    expect(snapshotIn(store)).not.toHaveProperty('dead');
    expect(snapshotIn(store)).not.toHaveProperty('pending');
  });
});
