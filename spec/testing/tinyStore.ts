import { defer, EMPTY, noop, Observable, of, Subject } from 'rxjs';
import { ANY_VERSION, NO_VERSION } from '../../src/contracts.js';
import type { CredentialStore, Lease, Pending, Snapshot, WriteResult } from '../../src/contracts.js';
import { asCredentials, type Credentials } from '../../src/credentials.js';
import { fingerprint, pairFingerprint } from '../../src/fingerprint.js';

/** What all stores of one credential share; `record` is JSON. */
export interface Cell {
  record: string | null;
  pending: Pending | undefined;
  dead: string | undefined;
  readonly waiting: { enter(): void }[];
  holder: { lapse(): void } | undefined;
  readonly changes: Subject<void>;
}

export const emptyCell = (): Cell => ({
  record: null,
  pending: undefined,
  dead: undefined,
  waiting: [],
  holder: undefined,
  changes: new Subject(),
});

/** The smallest store that keeps every law, in parts that can be replaced by ones that do not. */
export const soundParts = {
  acquits: (() => true) as (isGranted: boolean | undefined) => boolean,
  lossy: false,
  parse: (record: string): Credentials => asCredentials(JSON.parse(record) as Credentials),
  stringify: (next: Credentials): string => JSON.stringify(next),
  version: (record: string): string => fingerprint(record),
  isPending: (pending: Pending, held: Credentials | null) =>
    held !== null && pending.pair === pairFingerprint(held),
  isDead: (dead: string, held: Credentials | null) => dead === held?.refresh_token,
  journal: (cell: Cell, pending: Pending | undefined): void => {
    cell.pending = pending;
  },
  condemn: (cell: Cell, held: Credentials): void => {
    cell.dead = held.refresh_token;
  },
  onWrite: noop as (cell: Cell) => void,
  onSignIn: (cell: Cell) => {
    cell.pending = undefined;
    cell.dead = undefined;
  },
  onLeave: noop as (cell: Cell) => void,
  frees: (() => true) as (how: 'complete' | 'error' | 'throw' | 'unsubscribe') => boolean,
  giveUp: (cell: Cell, waiter: Cell['waiting'][number]) => {
    const at = cell.waiting.indexOf(waiter);
    if (at >= 0) cell.waiting.splice(at, 1);
  },
  abort: (controller: AbortController) => controller.abort(),
};
export type Parts = typeof soundParts;

export function tinyStore(cell: Cell, flaws: Partial<Parts> = {}): CredentialStore {
  const parts = { ...soundParts, ...flaws };

  function snapshot(): Snapshot {
    const credentials = cell.record === null ? null : parts.parse(cell.record);
    const { pending, dead } = cell;
    return {
      credentials,
      version: cell.record === null ? NO_VERSION : parts.version(cell.record),
      ...(pending && parts.isPending(pending, credentials) && { pending }),
      ...(dead && parts.isDead(dead, credentials) && { dead: true }),
    };
  }

  function write(next: Credentials | null, expected: string): WriteResult {
    if (expected !== ANY_VERSION && expected !== snapshot().version)
      return { written: false, snapshot: snapshot() };
    cell.record = next && parts.stringify(next);
    if (expected === ANY_VERSION) parts.onSignIn(cell);
    parts.onWrite(cell);
    cell.changes.next();
    return { written: true, snapshot: snapshot() };
  }

  const done = (work: () => void): Observable<never> =>
    defer(() => {
      work();
      return EMPTY;
    });

  function newLease(): { lease: Lease; lapse(): void } {
    const controller = new AbortController();
    let remaining = parts.lossy ? 1_000 : Infinity;
    return {
      lapse() {
        remaining = 0;
        parts.abort(controller);
      },
      lease: {
        signal: controller.signal,
        remainingMs: () => remaining,
        prepare: (held, _version, sentAt, until) =>
          done(() => parts.journal(cell, { pair: pairFingerprint(held), sentAt, until, by: 'a tiny store' })),
        acquit: (isGranted) => done(() => parts.acquits(isGranted) && parts.journal(cell, undefined)),
        condemn: (held) => done(() => parts.condemn(cell, held)),
      },
    };
  }

  function hold<T>(critical: (lease: Lease) => Observable<T>): Observable<T> {
    return new Observable<T>((subscriber) => {
      let leave: () => void = noop;
      const next = () => {
        cell.holder = undefined;
        parts.onLeave(cell);
        cell.waiting.shift()?.enter();
      };
      const waiter = {
        enter() {
          const { lease, lapse } = newLease();
          const mine = { lapse: () => (lapse(), next()) };
          cell.holder = mine;
          leave = () => {
            if (cell.holder === mine) next();
          };
          let hasEnded = false;
          const end = (how: Parameters<Parts['frees']>[0]) => {
            if (!hasEnded && parts.frees(how)) leave();
            hasEnded = true;
          };
          try {
            const running = critical(lease).subscribe({
              next: (value) => subscriber.next(value),
              error: (error: unknown) => (end('error'), subscriber.error(error)),
              complete: () => (end('complete'), subscriber.complete()),
            });
            subscriber.add(() => (running.unsubscribe(), end('unsubscribe')));
          } catch (error) {
            end('throw');
            subscriber.error(error);
          }
        },
      };
      if (cell.holder) cell.waiting.push(waiter);
      else waiter.enter();
      return () => parts.giveUp(cell, waiter);
    });
  }

  return {
    read: () => defer(() => of(snapshot())),
    write: (next, expected) => defer(() => of(write(next, expected))),
    changes$: cell.changes.asObservable(),
    lock: { lossy: parts.lossy, ...(parts.lossy && { leaseMs: 1_000 }), hold },
  };
}

/** A tiny store, its sibling, and every means to try them: a `StoreUnderTest`. */
export function tinyUnderTest(flaws: Partial<Parts> = {}) {
  const cell = emptyCell();
  return {
    cell,
    store: tinyStore(cell, flaws),
    sibling: tinyStore(cell, flaws),
    reopen: () => tinyStore(cell, flaws),
    lapse: () => cell.holder?.lapse(),
    disturb: () => noop,
    dispose: noop,
  };
}
