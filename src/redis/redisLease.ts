import {
  BehaviorSubject,
  concat,
  catchError,
  concatMap,
  defer,
  EMPTY,
  filter,
  finalize,
  ignoreElements,
  map,
  merge,
  type Observable,
  repeat,
  retry,
  shareReplay,
  switchMap,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import type { Lease, Pending } from '../contracts.js';
import { LockTimeoutError } from '../errors.js';
import { pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import { fieldsFrom, pendingFrom } from '../storedText.js';
import { unrefScheduler } from '../unrefScheduler.js';
import { isNo, type Answer } from './evaluate.js';
import { FREED } from './freed.js';
import { NOTE, PREPARE, RELEASE, RENEW, type Script } from './scripts.js';
import type { Site } from './site.js';

/** A lease that was got. */
export interface Grant {
  /** What lies at the lock's key while it is ours. */
  readonly owner: string;
  /** The number of this acquisition. */
  readonly fence: string;
  /** By `performance.now()`: when it was asked for, which is before it began. */
  readonly askedAt: number;
}

/** This share of a lease is counted on: the clocks of two machines do not run equally fast. */
const CERTAIN = 0.98;
/** And this one is told: what is journaled takes a moment, and what is told is to be left after that. */
const TOLD = 0.95;

/** How long a lease lasts that is given for `leaseMs`, as its holder is told. */
export const toldMs = (leaseMs: number): number => Math.floor(leaseMs * TOLD);

const clamp = (ms: number, most: number): number => Math.min(Math.max(ms, 0), most);

/** How long the end of a refresh waits for its lock to be let go. */
const RELEASE_MS = 500;

/** Runs `critical` under a lease, which is renewed meanwhile and given back on every exit. */
export function leased<T>(
  site: Site,
  { owner, fence, askedAt }: Grant,
  critical: (lease: Lease) => Observable<T>,
): Observable<T> {
  const { leaseMs } = site;
  const ending = new AbortController();
  const extendedAt$ = new BehaviorSubject(askedAt);
  const leftMs = (): number => extendedAt$.value + leaseMs * CERTAIN - performance.now();
  /** A journal of these tokens that was there before ours: an answer that was lost stays lost. */
  let earlier: Pending | undefined;

  /** Emits what the script answers if the lease is still ours, which it extends; otherwise `null`. */
  const extended = (script: Script, ...words: string[]): Observable<Answer> =>
    defer(() => {
      const at = performance.now();
      return site.ask(script, owner, fence, String(leaseMs), ...words).pipe(
        tap((answer) => {
          if (isNo(answer)) ending.abort();
          else extendedAt$.next(at);
        }),
        map((answer) => (isNo(answer) ? null : answer)),
      );
    });

  const lapses$ = extendedAt$.pipe(
    switchMap(() => timer(leftMs(), unrefScheduler)),
    take(1),
    tap(() => ending.abort()),
  );
  const renewed$ = defer(() => timer(leaseMs / 3, unrefScheduler)).pipe(
    concatMap(() => extended(RENEW)),
    retry({ delay: () => timer(leaseMs / 10, unrefScheduler) }),
    repeat(),
  );
  const kept = merge(lapses$, renewed$.pipe(filter((answer) => answer === null)))
    .pipe(take(1))
    .subscribe();

  const release$ = defer(() => {
    kept.unsubscribe();
    return site.ask(RELEASE, owner, site.keys.channel, FREED);
  }).pipe(
    ignoreElements(),
    catchError(() => EMPTY), // it lapses by itself
    shareReplay(1), // once, and to the end
  );
  const release = (): void => void release$.subscribe();
  /** Whoever hears that we are done finds the lock free; but for a server that is gone nobody waits long. */
  const released$ = release$.pipe(takeUntil(timer(RELEASE_MS)));

  const note = (field: string, value: string): Observable<unknown> => site.ask(NOTE, fence, field, value);

  const lease: Lease = {
    signal: ending.signal,
    remainingMs: () => (ending.signal.aborted ? 0 : clamp(leftMs(), toldMs(leaseMs))),
    prepare(held, _version, sentAt, until) {
      const pending: Pending = { pair: pairFingerprint(held), sentAt, until, by: site.by };
      const text = JSON.stringify(pending);
      return extended(PREPARE, text).pipe(
        tap((answer) => {
          if (answer === null)
            throw new LockTimeoutError('The lease has lapsed: another process holds the lock');
          const [, before] = answer as [number, string | null];
          if (before === text) return; // its own: written already, by a try whose answer was lost
          const found = pendingFrom(fieldsFrom(before));
          if (found?.pair === pending.pair) earlier ??= found;
        }),
      );
    },
    acquit: (isGranted) => note('pending', earlier && !isGranted ? JSON.stringify(earlier) : ''),
    condemn: (held) => note('dead', tokenFingerprint(held)),
  };

  return concat(
    defer(() => critical(lease)).pipe(
      catchError((error: unknown) =>
        concat(
          released$,
          throwError(() => error),
        ),
      ),
    ),
    released$,
  ).pipe(finalize(release));
}
