import { describe, expect, it } from '@jest/globals';
import { defer, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import { aheadStore, type Settled } from '../src/aheadStore.js';
import type { CheckedStore } from '../src/checkedStore.js';
import { readConfig } from '../src/config.js';
import type { CheckedLease } from '../src/checkedStore.js';
import { ANY_VERSION, type Snapshot, type WriteResult } from '../src/contracts.js';
import { StoreError } from '../src/errors.js';
import { marbles, type Marbles } from './helpers/marbles.js';
import { unevenClock } from './helpers/unevenClock.js';

const before: Snapshot = { credentials: { access_token: 'A1', refresh_token: 'R1', note: 1 }, version: 'v1' };
const next = { access_token: 'A2', refresh_token: 'R2', note: 1 };
const other: Snapshot = { credentials: { access_token: 'B1', refresh_token: 'S1' }, version: 'v9' };
const lease = { signal: new AbortController().signal } as CheckedLease;
const full = new StoreError('store_unwritable', 'Full', 'ENOSPC');

const written = (credentials: Snapshot['credentials']): WriteResult => ({
  written: true,
  snapshot: { credentials, version: 'v2' },
});
const refused = (snapshot: Snapshot): WriteResult => ({ written: false, snapshot });

/** A store that takes writes as `answer` says, and a memory that may be ahead of it. */
function underTest(
  { scheduler }: Marbles,
  answer: (nth: number, next: Snapshot['credentials'], expected: string) => Observable<WriteResult>,
  options: { strictPersist?: boolean; changes$?: Observable<unknown>; read$?: Observable<Snapshot> } = {},
) {
  const writes: [at: number, next: unknown, expected: string][] = [];
  const told: string[] = [];
  const store: CheckedStore = {
    read$: options.read$ ?? of(before),
    write: (given, expected) =>
      answer(writes.push([scheduler.now(), given && { ...given }, expected]), given, expected),
  };
  const settings = readConfig({ refresh: () => NEVER, random: () => 0, ...options, scheduler });
  const hinting = { ...settings.store, changes$: options.changes$ ?? NEVER };
  const background = unevenClock(scheduler);
  const ahead = aheadStore(store, { ...settings, store: hinting, background }, ({ type }) => told.push(type));
  const seen: Settled[] = [];
  return { ahead, writes, told, background, seen };
}
const read = (store: CheckedStore): Snapshot['credentials'] | undefined => {
  let found: Snapshot | undefined;
  store.read$.subscribe((snapshot) => (found = snapshot));
  return found?.credentials;
};

describe('aheadStore', () => {
  it(
    'is the store itself, while that holds everything',
    marbles((tools) => {
      const { ahead, writes } = underTest(tools, (_nth, given) => of(written(given)));
      tools.expectObservable(ahead.read$).toBe('(s|)', { s: before });
      tools.expectObservable(ahead.write(next, 'v1')).toBe('(w|)', { w: written(next) });
      tools.scheduler.flush();
      expect(writes).toEqual([[0, next, 'v1']]);
      expect(ahead.ahead).toBeNull();
    }),
  );

  it(
    'has at once what the store could not be made to hold, and again when it holds it',
    marbles((tools) => {
      const { ahead, writes, told } = underTest(tools, (nth, given) =>
        nth < 3 ? throwError(() => full) : of(written(given)),
      );
      tools.expectObservable(ahead.keep(next, before, lease, full)).toBe('u 3499ms (s|)', {
        u: { by: 'self', unsaved: full, snapshot: { credentials: next, version: expect.any(String) } },
        s: expect.objectContaining({ snapshot: { credentials: next, version: 'v2' } }),
      });
      tools.scheduler.schedule(() => {
        expect(ahead.ahead).toMatchObject({ lease, error: full });
        expect(read(ahead)).toEqual(next);
        expect(told).toEqual(['persist-failed']);
      }, 3_499);
      tools.scheduler.flush();

      expect(writes).toEqual([500, 1_500, 3_500].map((at) => [at, next, 'v1']));
      expect(told).toEqual(['persist-failed', 'persisted']);
      expect(ahead.ahead).toBeNull();
      expect(read(ahead)).toEqual(before.credentials);
    }),
  );

  it(
    'reads what is stored when nothing else may be served',
    marbles((tools) => {
      const { ahead } = underTest(tools, () => throwError(() => full), { strictPersist: true });
      const keeping = ahead.keep(next, before, lease, full).subscribe();
      expect(ahead.ahead).toMatchObject({ error: full });
      expect(read(ahead)).toEqual(before.credentials);
      keeping.unsubscribe();
    }),
  );

  it(
    'has what a later refresh brought kept in its place, over the same version',
    marbles((tools) => {
      const third = { access_token: 'A3', refresh_token: 'R3' };
      const { ahead, writes, told } = underTest(tools, (_nth, given) => of(written(given)));
      const seen: unknown[] = [];
      ahead.keep(next, before, lease, full).subscribe(({ snapshot }) => seen.push(snapshot.credentials));
      const version = ahead.ahead!.snapshot.version;
      ahead.write(third, version).subscribe((result) => seen.push(result.written));
      expect(read(ahead)).toEqual(third);
      expect(ahead.ahead!.snapshot.version).not.toBe(version);
      expect(writes).toEqual([]);
      tools.scheduler.flush();

      expect(writes).toEqual([[500, third, 'v1']]);
      expect(seen).toEqual([next, true, third]);
      expect(told).toEqual(['persist-failed', 'persisted']);
    }),
  );

  it(
    'lets nobody write over what it had before',
    marbles((tools) => {
      const { ahead, writes } = underTest(tools, (_nth, given) => of(written(given)));
      const keeping = ahead.keep(next, before, lease, full).subscribe();
      const seen: unknown[] = [];
      ahead.write({ access_token: 'A3' }, 'v1').subscribe((result) => seen.push(result));
      expect(seen).toEqual([{ written: false, snapshot: ahead.ahead!.snapshot }]);
      expect(read(ahead)).toEqual(next);
      expect(writes).toEqual([]);
      keeping.unsubscribe();
    }),
  );

  it.each([
    ['has been granted already', false, 'sibling'],
    ['had to wait for it', true, 'self'],
  ] as const)('tells of what is saved at last as a grant only to who %s', (_who, strictPersist, by) =>
    marbles((tools) => {
      const { ahead } = underTest(tools, (_nth, given) => of(written(given)), { strictPersist });
      const seen: string[] = [];
      ahead.keep(next, before, lease, full).subscribe((settled) => seen.push(settled.by));
      tools.scheduler.flush();
      expect(seen).toEqual([strictPersist ? 'sibling' : 'self', by]);
    })(),
  );

  it(
    'is over with a sign-in or a sign-out, which is for the store itself',
    marbles((tools) => {
      const { ahead, writes } = underTest(tools, (_nth, given) => of(written(given)));
      const keeping = ahead.keep(next, before, lease, full).subscribe();
      ahead.write(null, ANY_VERSION).subscribe();
      expect(writes).toEqual([[0, null, ANY_VERSION]]);
      expect(ahead.ahead).toBeNull();
      keeping.unsubscribe();
    }),
  );

  it(
    'has what somebody else has written in the meantime adopted',
    marbles((tools) => {
      const { ahead, writes } = underTest(tools, () => of(refused(other)));
      tools.expectObservable(ahead.keep(next, before, lease, full)).toBe('u 499ms (s|)', {
        u: expect.objectContaining({ unsaved: full }),
        s: { by: 'sibling', snapshot: other },
      });
      tools.scheduler.flush();
      expect(writes).toHaveLength(1);
      expect(ahead.ahead).toBeNull();
    }),
  );

  it.each<[string, Observable<Snapshot>, number]>([
    ['other tokens', of(other), 100],
    ['nobody signed in', of({ credentials: null, version: '-' }), 100],
    ['another field', of({ credentials: { ...before.credentials!, tool: 'was here' }, version: 'v9' }), 350],
    ['nothing new', of(before), 350],
    ['an error', throwError(() => full), 500],
  ])(
    'looks into the store when that hints, and waits no longer than this if it shows %s',
    (_what, read$, at) =>
      marbles((tools) => {
        const changes$ = tools.hot('100ms h');
        const { ahead, writes } = underTest(tools, () => of(refused(other)), { changes$, read$ });
        const settled: unknown[] = [];
        ahead
          .keep(next, before, lease, full)
          .subscribe((one) => settled.push([tools.scheduler.now(), one.by]));
        tools.scheduler.flush();
        expect(writes.map(([when]) => when)).toEqual([at]);
        expect(settled).toEqual([
          [0, 'self'],
          [at, 'sibling'],
        ]);
        tools.expectSubscriptions(changes$.subscriptions).toBe(`^ ${at - 1}ms !`);
      })(),
  );

  it(
    'looks at each hint, of which the first may have come for nothing',
    marbles((tools) => {
      const hints$ = new Subject<void>();
      let found = before;
      const { ahead, writes } = underTest(tools, () => of(refused(other)), {
        changes$: hints$,
        read$: defer(() => of(found)),
      });
      ahead.keep(next, before, lease, full).subscribe();
      tools.scheduler.schedule(() => hints$.next(), 100);
      tools.scheduler.schedule(() => {
        found = other;
        hints$.next();
      }, 200);
      tools.scheduler.flush();
      expect(writes.map(([at]) => at)).toEqual([200]);
    }),
  );

  it(
    'writes again over what another tool has touched, without what a new token never inherits',
    marbles((tools) => {
      const ended = { ...before.credentials!, expires_at: 1, expires_in: 3600, token_type: 'Bearer' };
      const touched = { credentials: { ...ended, tool: 'was here' }, version: 'v9' };
      const { ahead, writes } = underTest(tools, (nth, given) =>
        of(nth === 1 ? refused(touched) : written(given)),
      );
      ahead.keep(next, { credentials: ended, version: 'v1' }, lease, full).subscribe();
      tools.scheduler.flush();

      expect(writes[1]).toStrictEqual([1_500, { ...next, tool: 'was here' }, 'v9']);
    }),
  );

  it(
    'writes again over what another tool has touched, with what that has changed',
    marbles((tools) => {
      const touched = { credentials: { ...before.credentials!, note: 2, tool: 'was here' }, version: 'v9' };
      const { ahead, writes } = underTest(tools, (nth, given) =>
        of(nth === 1 ? refused(touched) : written(given)),
      );
      ahead.keep(next, before, lease, full).subscribe();
      tools.scheduler.schedule(() => expect(ahead.ahead).toMatchObject({ lease, error: full }), 501);
      tools.scheduler.flush();

      expect(writes[1]).toEqual([expect.any(Number), { ...next, note: 2, tool: 'was here' }, 'v9']);
      expect(writes).toHaveLength(2);
      expect(ahead.ahead).toBeNull();
    }),
  );

  it(
    'holds the process for ten seconds, and no longer',
    marbles((tools) => {
      const { ahead, writes, background } = underTest(tools, () => throwError(() => full));
      tools.scheduler.schedule(() => {
        const keeping = ahead.keep(next, before, lease, full).subscribe();
        tools.scheduler.schedule(() => keeping.unsubscribe(), 60_000);
      }, 100_000);
      tools.scheduler.flush();

      const instants = writes.map(([at]) => at - 100_000);
      expect(instants).toEqual([500, 1_500, 3_500, 7_500, 10_000, 26_000, 56_000]);
      expect(background.asked).toEqual([16_000, 30_000, 30_000]);
    }),
  );

  it(
    'drops what it kept when it is left',
    marbles((tools) => {
      const { ahead, writes, told } = underTest(tools, () => throwError(() => full));
      tools
        .expectObservable(ahead.keep(next, before, lease, full), '^ 1s !')
        .toBe('u', { u: expect.anything() });
      tools.scheduler.flush();
      expect(writes).toHaveLength(1);
      expect(told).toEqual(['persist-failed']);
      expect(ahead.ahead).toBeNull();
    }),
  );

  it(
    'does nothing before it is subscribed to',
    marbles((tools) => {
      const { ahead, told } = underTest(tools, () => NEVER);
      ahead.keep(next, before, lease, full);
      expect(ahead.ahead).toBeNull();
      expect(told).toEqual([]);
    }),
  );
});
