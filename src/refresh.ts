import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  NEVER,
  Observable,
  observeOn,
  of,
  onErrorResumeNextWith,
  queueScheduler,
  race,
  switchMap,
  take,
  takeUntil,
  tap,
  throwError,
} from 'rxjs';
import type { Settled } from './aheadStore.js';
import { asStoreError, type CheckedLease } from './checkedStore.js';
import type { Snapshot } from './contracts.js';
import { judge } from './decide.js';
import { DisposedError, LockTimeoutError } from './errors.js';
import { fromSibling, type Flight } from './flight.js';
import { orElseThrow } from './orElseThrow.js';
import { redeem } from './redeem.js';
import { underLock } from './underLock.js';

/** A lock that is free takes a while too, on a disk. */
const WORTH_TELLING_MS = 50;

/**
 * One transaction to replace what is stale: lock, re-read, adopt or exchange, merge, persist.
 *
 * Emits once and completes when the lock is free again, or errors with a {@link TokenError}; completes empty
 * when superseded. Once started it runs to its end, however early it is left.
 */
export function refresh(flight: Flight): Observable<Settled> {
  const { stale, attempt, settings, store, superseded$, disposed$, isDisposed, report, publish } = flight;
  const { scheduler, strictPersist } = settings;
  let isSent = false;

  function onSend(): void {
    if (isDisposed() && !isSent) throw new DisposedError(); // and the journal is struck out
    isSent = true;
    report({ type: 'refresh-started', attempt });
  }

  /** Under the lock, or under the one that is being kept; needless if a sibling is heard to have refreshed. */
  function locked(): Observable<Settled> {
    if (store.ahead) return store.inTurn(underKept);
    const askedAt = scheduler.now();
    const waited = (): void => {
      const waitedMs = scheduler.now() - askedAt;
      if (waitedMs > WORTH_TELLING_MS) report({ type: 'lock-waited', waitedMs });
    };
    return race(
      underLock(settings, (lease) => defer(() => (waited(), critical(lease)))),
      news$.pipe(tap(waited)),
      disposed$.pipe(take(1), ignoreElements()),
    ).pipe(
      filter((settled) => settled !== null),
      catchError((error: unknown) => {
        const failing$ = throwError(() => error);
        // Whoever has held it for so long has most likely refreshed.
        return error instanceof LockTimeoutError ? judged(() => failing$) : failing$;
      }),
    );
  }

  /** Empty where it is no longer kept: whoever waits decides again. */
  function underKept(): Observable<Settled> {
    if (!store.ahead) return EMPTY;
    const { lease, error } = store.ahead;
    if (strictPersist) throw error;
    return critical(lease).pipe(observeOn(queueScheduler)); // lands before whoever has the next turn does
  }

  function critical(lease: CheckedLease): Observable<Settled> {
    return judged((found) => redeem(flight, found, lease, onSend));
  }

  /** Re-reads, adopts what a sibling has left, and has `send` do the rest. */
  function judged(send: (found: Snapshot) => Observable<Settled>): Observable<Settled> {
    return store.read$.pipe(
      concatMap((found) => {
        const verdict = judge(found, stale, settings, scheduler.now());
        if (verdict === 'adopt') return of(fromSibling(found));
        if (verdict === 'send') return send(found);
        throw verdict;
      }),
    );
  }

  /** What a sibling writes while this one waits for the lock. */
  const news$ = settings.store.changes$.pipe(
    onErrorResumeNextWith(NEVER),
    switchMap(() => judged(() => EMPTY).pipe(catchError(() => EMPTY))),
    take(1),
  );

  return new Observable((caller) => {
    let outcome: Settled | undefined;
    // In one go, and before all that the outcome sets off: whoever hears of it finds the flight landed.
    const land = (settled?: Settled): void => {
      queueScheduler.schedule(() => {
        if (settled && caller.closed) publish(settled);
        if (settled) caller.next(settled);
        caller.complete();
      });
    };
    const fail = (error: unknown): void => void queueScheduler.schedule(() => caller.error(error));
    const arrive = (settled: Settled): void => {
      if (!settled.unsaved) outcome = settled;
      else if (strictPersist) fail(settled.unsaved);
      else land(settled);
    };
    // Not torn down with its subscriber.
    defer(locked)
      .pipe(
        orElseThrow((thrown) => asStoreError('store_unreadable', thrown)), // what a foreign lock threw
        takeUntil(superseded$.pipe(tap(() => (outcome = undefined)))),
      )
      .subscribe({ next: arrive, error: fail, complete: () => land(outcome) });
  });
}
