import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  filter,
  first,
  ignoreElements,
  map,
  Observable,
  of,
  queueScheduler,
  repeat,
  retry,
  startWith,
  takeUntil,
  tap,
  timeout,
  timer,
  type ObservableInput,
} from 'rxjs';
import type { AheadStore, Settled } from './aheadStore.js';
import type { Settings } from './config.js';
import type { Lease, Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { hasEnded, isWithinGrace, judge } from './decide.js';
import {
  ConfigurationError,
  LockTimeoutError,
  RefreshRejectedError,
  RefreshUnavailableError,
  type TokenError,
} from './errors.js';
import type { Happening } from './events.js';
import { exchange, type Granted } from './exchange.js';
import { isSamePair } from './fingerprint.js';
import { mergeRotation } from './mergeRotation.js';
import { orElseThrow } from './orElseThrow.js';
import { tapAwait } from './tapAwait.js';

export interface RefreshDeps {
  readonly settings: Settings;
  readonly store: AheadStore;
  /** Emits when `set()` or `clear()` is called: whatever is under way is for nobody. */
  readonly superseded$: Observable<unknown>;
  readonly report: (happening: Happening) => void;
  /** Takes what comes after its flight has landed: a late answer, a token saved at last. */
  readonly publish: (settled: Settled) => void;
}

/** How often, and how far apart, a denied token's successor is looked for: siblings of another make may lag. */
const DENIED_LOOKS = 6;
const DENIED_LOOK_MS = 100;

const ACQUIRED = Symbol('acquired');

/**
 * Makes the transaction that replaces `stale`: lock, re-read, adopt or exchange, merge, persist.
 *
 * It emits once and completes when the lock is free again, or errors with a {@link TokenError}; completes
 * empty when superseded. Once started it runs to its end, however early it is left.
 */
export function createRefresh({ settings, store, superseded$, report, publish }: RefreshDeps) {
  const { scheduler, profile, lockTimeoutMs, refreshTimeoutMs, strictPersist } = settings;
  const { lock } = settings.store;

  function transaction(stale: Credentials | null, attempt: number): Observable<Settled> {
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
      locked(stale, (lease) => underLock(stale, attempt, lease))
        .pipe(takeUntil(superseded$))
        .subscribe({ next: arrive, error: fail, complete: () => land(outcome) });
    });
  }

  /** Runs `critical` under the lock, or under the one that is being kept. */
  function locked(
    stale: Credentials | null,
    critical: (lease: Lease) => Observable<Settled>,
  ): Observable<Settled> {
    return defer(() => {
      const { ahead } = store;
      if (ahead && strictPersist) throw ahead.error;
      if (ahead) return critical(ahead.lease);
      const askedAt = scheduler.now();
      const enter = (lease: Lease): Observable<Settled> => {
        const waitedMs = scheduler.now() - askedAt;
        if (waitedMs > 0) report({ type: 'lock-waited', waitedMs });
        return critical(lease);
      };
      return lock
        .hold((lease) => defer(() => enter(lease)).pipe(startWith(ACQUIRED)))
        .pipe(
          timeout({ first: lockTimeoutMs, scheduler, with: lockTimedOut }),
          filter((value) => value !== ACQUIRED),
          catchError((error: unknown) => {
            if (!(error instanceof LockTimeoutError)) throw error;
            return adoptOrThrow(stale, error);
          }),
        );
    });
  }

  function lockTimedOut(): Observable<never> {
    return defer(() => lock.holder?.() ?? of(null)).pipe(
      catchError(() => of(null)),
      map((holder) => {
        const who = holder ? `by ${holder.by} since ${new Date(holder.since).toISOString()}` : 'by another';
        throw new LockTimeoutError(`The refresh lock was held ${who} for ${lockTimeoutMs} ms`);
      }),
    );
  }

  function adoptOrThrow(stale: Credentials | null, error: TokenError): Observable<Settled> {
    return store.read$.pipe(
      filter((found) => judge(found, stale, settings, scheduler.now()) === 'adopt'),
      first(),
      map((snapshot): Settled => ({ by: 'sibling', snapshot })),
      orElseThrow(() => error),
    );
  }

  function underLock(stale: Credentials | null, attempt: number, lease: Lease): Observable<Settled> {
    return store.read$.pipe(
      concatMap((snapshot) => {
        const verdict = judge(snapshot, stale, settings, scheduler.now());
        if (verdict === 'adopt') return of<Settled>({ by: 'sibling', snapshot });
        if (verdict === 'send') return redeem(snapshot, stale, attempt, lease);
        throw verdict;
      }),
    );
  }

  /** Journals, sends, saves: the heart of it all. */
  function redeem(
    found: Snapshot,
    stale: Credentials | null,
    attempt: number,
    lease: Lease,
  ): Observable<Settled> {
    const held = found.credentials;
    const sentAt = found.pending?.sentAt ?? scheduler.now();
    let lostAt = found.pending?.sentAt;
    return of(found).pipe(
      tapAwait(() => prepare(found, stale, lease, sentAt)),
      tap(() => report({ type: 'refresh-started', attempt })),
      concatMap(() => exchange(settings, held, attempt, (answer$) => takeLate(held, lease, answer$))),
      retry({
        count: 1, // at once, while a spent token still works; after that as often as the backoff says
        delay: (error) => {
          if (!isAmbiguous(error) || !isWithinGrace(sentAt, profile.reuse, scheduler.now())) throw error;
          lostAt ??= sentAt;
          return of(null);
        },
      }),
      concatMap((granted) => save(found, granted, lease)),
      catchError((error: unknown) => failed(error, held, lease, lostAt)),
    );
  }

  /** The journal, and room for the successor. Where it cannot be written nothing is sent, if that can wait. */
  function prepare(
    found: Snapshot,
    stale: Credentials | null,
    lease: Lease,
    sentAt: number,
  ): Observable<unknown> {
    const held = found.credentials;
    if (!held?.refresh_token) return EMPTY;
    const until = scheduler.now() + refreshTimeoutMs;
    const journal$ = defer(() => lease.prepare(held, found.version, sentAt, until)).pipe(
      catchError((error: unknown) => {
        if (hasEnded(held, stale, scheduler.now())) return EMPTY;
        throw error;
      }),
    );
    const lease$ = defer(() => {
      if (lease.signal.aborted || lease.remainingMs() <= refreshTimeoutMs) {
        throw new LockTimeoutError('The lease on the refresh lock lapsed before the request was sent');
      }
      return EMPTY;
    });
    return concat(journal$, lease$);
  }

  /** What the journal and a sibling have to say of a failure, before it is told. */
  function failed(
    error: unknown,
    held: Credentials | null,
    lease: Lease,
    lostAt?: number,
  ): Observable<Settled> {
    const isDenied = error instanceof RefreshRejectedError;
    if (!held?.refresh_token)
      throw isDenied ? new ConfigurationError('The provider refused acquire', error) : error;
    if (isDenied) return denied(new RefreshRejectedError(error, lostAt), held, lease);
    const isUnspent =
      error instanceof RefreshUnavailableError
        ? !error.ambiguous
        : (error as TokenError).code === 'configuration';
    return concat(
      isUnspent ? quietly(() => lease.acquit()) : EMPTY,
      defer(() => {
        throw error;
      }),
    );
  }

  /** Rule 12: a sibling may have rotated it, so the store is asked again before anyone is told. */
  function denied(error: TokenError, held: Credentials, lease: Lease): Observable<Settled> {
    const successor$ = store.read$.pipe(
      repeat({ count: DENIED_LOOKS, delay: () => timer(DENIED_LOOK_MS, scheduler) }),
      first(({ credentials }) => credentials?.refresh_token !== held.refresh_token),
      filter(({ credentials }) => !credentials || settings.sameAccount(held, credentials)),
      first(),
      map((snapshot): Settled => ({ by: 'sibling', snapshot })),
      orElseThrow(() => error),
    );
    return concat(
      quietly(() => lease.condemn(held)),
      successor$,
    );
  }

  /** Rule 10: durable before anyone sees it; merged again over what another tool has touched. */
  function save(base: Snapshot, granted: Granted, lease: Lease): Observable<Settled> {
    const next = mergeRotation(base.credentials, granted.response, granted.sentAt, profile.defaultLifetimeMs);
    return store.write(next, base.version).pipe(
      catchError((error: TokenError) => of(error)),
      concatMap((result): Observable<Settled> => {
        if (result instanceof Error) return store.keep(next, base, lease, result);
        const { written, snapshot } = result;
        if (!written && isSamePair(base.credentials, snapshot.credentials))
          return save(snapshot, granted, lease);
        if (!written && snapshot.credentials && lock.lossy) report({ type: 'concurrent-redemption' });
        return of({ by: written ? 'self' : 'sibling', snapshot });
      }),
    );
  }

  /** Rule 8: an answer after the timeout is saved if the store still holds what it was obtained with. */
  function takeLate(held: Credentials | null, lease: Lease, answer$: Observable<Granted>): void {
    const saved$ = answer$.pipe(
      concatMap((granted) =>
        store.read$.pipe(
          filter((found) => isSamePair(found.credentials, held)),
          concatMap((found) => save(found, granted, lease)),
        ),
      ),
    );
    saved$.pipe(takeUntil(superseded$)).subscribe({ next: publish, error: () => undefined });
  }

  return transaction;
}

/** Best effort: what led here is what is told. */
function quietly(effect: () => ObservableInput<unknown>): Observable<never> {
  return defer(effect).pipe(
    ignoreElements(),
    catchError(() => EMPTY),
  );
}

function isAmbiguous(error: unknown): boolean {
  return error instanceof RefreshUnavailableError && error.ambiguous === true;
}
