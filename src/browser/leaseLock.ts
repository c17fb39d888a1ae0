import {
  catchError,
  concatAll,
  concatMap,
  defer,
  EMPTY,
  filter,
  finalize,
  first,
  ignoreElements,
  map,
  merge,
  noop,
  of,
  race,
  repeat,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { CredentialLock, Lease } from '../contracts.js';
import { fieldsFrom, isLike } from '../storedText.js';
import type { Farewell } from './farewell.js';
import type { Shelf } from './shelf.js';
import type { Tenure } from './tabLease.js';

interface LeaseText {
  readonly owner: string;
  readonly since: number;
  /** Epoch ms until which nobody else gets in. */
  readonly until: number;
}

export interface LeaseTerms {
  readonly leaseMs: number;
  /** How long after taking the lease it is looked at again: two may have taken it at once. 0: they cannot. */
  readonly settleMs: number;
  readonly scheduler: SchedulerLike;
  /** Emits when this page is about to go. */
  readonly away$: Observable<unknown>;
  /** For a shelf that cannot take the lease back before the page is gone. */
  readonly farewell?: Farewell | undefined;
}

/** Others wait so much longer than the holder counts on. */
const GRACE_MS = 1000;

/** Irregular, so that nobody starves. */
const pollMs = (): number => 40 + 40 * Math.random();

/**
 * The refresh lock where there are no Web Locks: a note of who refreshes, and until when. Lossy: who sleeps for
 * longer than that is taken for gone.
 */
export function leaseLock(
  shelf: Shelf,
  tab: string,
  { leaseMs, settleMs, scheduler, away$, farewell }: LeaseTerms,
  leaseOn: (tenure: Tenure) => Lease,
): CredentialLock {
  let turns = 0;
  const now = (): number => scheduler.now();

  const isFree = (held: LeaseText | null): boolean =>
    !held ||
    held.until <= now() ||
    held.until > now() + 10 * leaseMs || // another clock's
    !!farewell?.isSaidBy(held.owner);

  function hold<T>(critical: (lease: Lease) => Observable<T>): Observable<T> {
    return defer(() => {
      const owner = `${tab}, turn ${++turns}`;
      const since = now();
      const lost = new AbortController();
      let until = 0;
      let mayBeOurs = false; // from the write on: that it is done is known later

      /** Takes the lease, or makes it longer. */
      async function extend(mayTake: (held: LeaseText | null) => boolean): Promise<boolean> {
        const at = now();
        const isOurs = await shelf.change(({ lease }) => {
          mayBeOurs = mayTake(leaseFrom(lease));
          if (!mayBeOurs) return { result: false };
          const text: LeaseText = { owner, since, until: at + leaseMs + GRACE_MS };
          return { put: { lease: JSON.stringify(text) }, result: true };
        });
        if (isOurs) until = at + leaseMs;
        return isOurs;
      }
      const isOurs = (held: LeaseText | null): boolean => held?.owner === owner;
      const settled = async (): Promise<boolean> => isOurs(leaseFrom((await shelf.read()).lease));

      async function renew(): Promise<void> {
        if (!(await extend(isOurs))) lost.abort();
      }
      // Heard until all is given back: a request that fails because its page goes ends the turn first.
      const leaving = away$.subscribe(() => {
        if (mayBeOurs) farewell?.say(owner);
      });
      function release(): void {
        const free = shelf.change(({ lease }) =>
          isOurs(leaseFrom(lease)) ? { put: { lease: null }, result: undefined } : { result: undefined },
        );
        void free
          .catch(noop) // it lapses by itself
          .then(() => leaving.unsubscribe());
      }

      const taken$ = defer(() => extend(isFree)).pipe(
        concatMap((taken) =>
          taken && settleMs ? timer(settleMs, scheduler).pipe(concatMap(settled)) : of(taken),
        ),
        repeat({ delay: () => timer(pollMs(), scheduler) }),
        first(Boolean),
      );
      const renewed$ = timer(leaseMs / 3, scheduler).pipe(
        concatMap(() => defer(renew).pipe(catchError(() => EMPTY))), // another try is near
        repeat(),
      );
      const lapsed$ = defer(() => timer(Math.max(until - now(), 0), scheduler)).pipe(
        repeat(),
        filter(() => now() >= until),
      );
      const tenure: Tenure = {
        signal: lost.signal,
        remainingMs: () => (lost.signal.aborted ? 0 : until - now()),
        renew,
      };
      const over$ = merge(lapsed$, away$).pipe(
        take(1),
        tap(() => {
          lost.abort();
          release();
        }),
      );
      const turn$ = defer(() => {
        farewell?.forget(); // of whoever had it before
        const ended$ = new Subject<void>();
        const critical$ = defer(() => critical(leaseOn(tenure))).pipe(finalize(() => ended$.next()));
        const watch$ = merge(over$, renewed$).pipe(ignoreElements(), takeUntil(ended$));
        return merge(watch$, critical$);
      });
      const gone$ = away$.pipe(tap(release)); // it may be ours already
      const anew$ = timer(pollMs(), scheduler).pipe(concatMap(() => hold(critical))); // if the page comes back
      return race(gone$.pipe(map(() => anew$)), taken$.pipe(map(() => turn$))).pipe(
        take(1),
        concatAll(),
        finalize(release),
      );
    });
  }

  return {
    lossy: true,
    leaseMs,
    hold,
    async holder() {
      const held = leaseFrom((await shelf.read()).lease);
      return held && !isFree(held) ? { by: held.owner, since: held.since } : null;
    },
  };
}

/** Garbage is nobody's. */
function leaseFrom(text: string | null): LeaseText | null {
  const value: unknown = fieldsFrom(text);
  return isLike(value, { owner: '', until: 0 }) ? (value as LeaseText) : null; // since when is for people only
}
