import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  filter,
  finalize,
  first,
  from,
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
  throwError,
  timeout,
  timer,
} from 'rxjs';
import type { CheckedStore } from './checkedStore.js';
import type { Settings } from './config.js';
import type { Lease, Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { hasEnded, isWithinGrace, judge } from './decide.js';
import {
  ConfigurationError,
  LockTimeoutError,
  RefreshRejectedError,
  RefreshUnavailableError,
  StoreError,
  type TokenError,
} from './errors.js';
import type { By, Happening } from './events.js';
import { exchange, type Granted } from './exchange.js';
import { pairFingerprint } from './fingerprint.js';
import { mergeRotation } from './mergeRotation.js';
import { defaultRetry } from './retryPolicy.js';
import { tapAwait } from './tapAwait.js';

/** What a refresh brought: this manager's own new token, or what a sibling had left in the store. */
export interface Settled {
  readonly by: By;
  readonly snapshot: Snapshot;
}

export interface RefreshDeps {
  readonly settings: Settings;
  readonly store: CheckedStore;
  /** Emits when `set()` or `clear()` is called: whatever is under way is for nobody. */
  readonly superseded$: Observable<unknown>;
  readonly report: (happening: Happening) => void;
  /** Takes what comes after its flight has landed: a late answer, a token saved at last. */
  readonly publish: (settled: Settled) => void;
}

export interface Refresh {
  /**
   * One transaction: lock, re-read, adopt or exchange, merge, persist. Emits once and completes when the lock
   * is free again, or errors with a {@link TokenError}; completes empty when superseded. Runs to its end
   * however early it is left.
   */
  transaction(stale: Credentials | null, attempt: number): Observable<Settled>;
  /** True while memory is ahead of the store, because a rotated token could not be saved yet. */
  isAhead(): boolean;
}

/** A rotated token that the store has not taken yet: what was granted, and what the store was left with. */
interface Unsaved {
  base: Snapshot;
  granted: Granted;
  readonly error: TokenError;
}

const ACQUIRED = Symbol('acquired');
/** How often, and how long, a denied refresh token's successor is looked for: siblings of another make may lag. */
const DENIED_POLL_MS = 100;
const DENIED_POLLS = 5;
/** Saving what was rotated is worth keeping a process alive for, but not for ever. */
const HOLDS_PROCESS_MS = 10_000;

function isSamePair(a: Credentials | null, b: Credentials | null): boolean {
  return a === b || (a !== null && b !== null && pairFingerprint(a) === pairFingerprint(b));
}

export function createRefresh({ settings, store, superseded$, report, publish }: RefreshDeps): Refresh {
  const { scheduler, profile, lockTimeoutMs, refreshTimeoutMs } = settings;
  const { lock } = settings.store;
  let unsaved: Unsaved | null = null;

  function merged(base: Snapshot, { response, sentAt }: Granted): Credentials {
    return mergeRotation(base.credentials, response, sentAt, profile.defaultLifetimeMs);
  }

  // ── the lock ────────────────────────────────────────────────────────────────────────────────────────

  function transaction(stale: Credentials | null, attempt: number): Observable<Settled> {
    return new Observable((caller) => {
      // In one go, and before all that the outcome sets off: whoever hears of it finds the flight landed.
      const land = (settled?: Settled): void => {
        queueScheduler.schedule(() => {
          if (settled && caller.closed) publish(settled);
          if (settled) caller.next(settled);
          caller.complete();
        });
      };
      const fail = (error: unknown): void => void queueScheduler.schedule(() => caller.error(error));
      const critical = (lease: Lease): Observable<Settled> =>
        underLock(stale, attempt, lease, { next: land, error: fail });
      let outcome: Settled | undefined;
      // Not torn down with its subscriber: a flight that has started always finishes.
      (unsaved ? beyondTheStore(unsaved, attempt) : locked(stale, critical))
        .pipe(takeUntil(superseded$))
        .subscribe({ next: (settled) => (outcome = settled), error: fail, complete: () => land(outcome) });
    });
  }

  /** Holds the lock for `critical`; after `lockTimeoutMs` looks once more for a sibling's token, and fails. */
  function locked(
    stale: Credentials | null,
    critical: (lease: Lease) => Observable<Settled>,
  ): Observable<Settled> {
    return defer(() => {
      const askedAt = scheduler.now();
      const acquired = (): void => {
        const waitedMs = scheduler.now() - askedAt;
        if (waitedMs > 0) report({ type: 'lock-waited', waitedMs });
      };
      return lock
        .hold((lease) => defer(() => (acquired(), critical(lease))).pipe(startWith(ACQUIRED)))
        .pipe(
          timeout({ first: lockTimeoutMs, scheduler, with: lockTimedOut }),
          filter((value): value is Settled => value !== ACQUIRED),
          catchError((error: unknown) =>
            error instanceof LockTimeoutError ? adoptInstead(stale, error) : throwError(() => error),
          ),
        );
    });
  }

  function lockTimedOut(): Observable<never> {
    const holder$ = defer(() => from(lock.holder?.() ?? of(null))).pipe(catchError(() => of(null)));
    return holder$.pipe(
      first(),
      map((holder) => {
        const who = holder ? ` by ${holder.by} since ${new Date(holder.since).toISOString()}` : '';
        throw new LockTimeoutError(
          `The refresh lock was not free within ${lockTimeoutMs} ms: it is held${who}`,
        );
      }),
    );
  }

  function adoptInstead(stale: Credentials | null, error: TokenError): Observable<Settled> {
    return store.read$.pipe(
      catchError(() => throwError(() => error)),
      map((found) => {
        if (judge(found, stale, settings, scheduler.now()) !== 'adopt') throw error;
        return { by: 'sibling', snapshot: found };
      }),
    );
  }

  // ── under the lock ──────────────────────────────────────────────────────────────────────────────────

  function underLock(
    stale: Credentials | null,
    attempt: number,
    lease: Lease,
    early: Early,
  ): Observable<Settled> {
    return store.read$.pipe(
      concatMap((found): Observable<Settled> => {
        const verdict = judge(found, stale, settings, scheduler.now());
        if (verdict === 'adopt') return of({ by: 'sibling', snapshot: found });
        if (verdict === 'send') return redeem({ found, stale, attempt, lease, early });
        return throwError(() => verdict.fail);
      }),
    );
  }

  /** Journals, sends, saves. The heart of it all. */
  function redeem(turn: Turn): Observable<Settled> {
    const { found, attempt, lease, early } = turn;
    const held = found.credentials;
    const firstSentAt = found.pending?.sentAt ?? scheduler.now();
    let lostAt = found.pending?.sentAt;
    return of(found).pipe(
      tapAwait(() => prepare(turn, firstSentAt)),
      tap(() => report({ type: 'refresh-started', attempt })),
      concatMap(() => exchange(settings, held, attempt, (answer$) => takeLate(held, answer$))),
      retry({
        count: 1,
        delay: (error: unknown) => {
          if (!isLost(error) || !isWithinGrace(firstSentAt, profile.reuse, scheduler.now()))
            return throwError(() => error);
          lostAt ??= firstSentAt;
          return of(null);
        },
      }),
      catchError((error: unknown) => failed(error, held, lease, lostAt)),
      concatMap((outcome) => ('snapshot' in outcome ? of(outcome) : save(found, outcome, early))),
    );
  }

  /** The journal, and room for the successor. Where it cannot be written nothing is sent, while that can wait. */
  function prepare({ found, stale, lease }: Turn, sentAt: number): Observable<unknown> {
    const held = found.credentials;
    if (!held?.refresh_token) return EMPTY;
    const now = scheduler.now();
    return concat(
      defer(() => lease.prepare(held, found.version, sentAt, now + refreshTimeoutMs)).pipe(
        catchError((error: unknown) => (hasEnded(held, stale, now) ? EMPTY : throwError(() => error))),
      ),
      defer(() => {
        if (!lease.signal.aborted && lease.remainingMs() > refreshTimeoutMs) return EMPTY;
        return throwError(
          () => new LockTimeoutError('The lease on the refresh lock lapsed before the request was sent'),
        );
      }),
    );
  }

  // ── after a failure ─────────────────────────────────────────────────────────────────────────────────

  function failed(
    error: unknown,
    held: Credentials | null,
    lease: Lease,
    lostAt: number | undefined,
  ): Observable<Settled> {
    const isDenied = error instanceof RefreshRejectedError;
    if (!held?.refresh_token) {
      const wrong = new ConfigurationError(
        'The provider refused the grant that acquire asked for',
        error as TokenError,
      );
      return throwError(() => (isDenied ? wrong : error));
    }
    if (isDenied) return denied(new RefreshRejectedError(error, lostAt), held, lease);
    const isCertain =
      (error instanceof RefreshUnavailableError && !error.ambiguous) ||
      (error instanceof ConfigurationError && error.code === 'configuration');
    const acquit$ = isCertain ? quietly(() => lease.acquit()) : EMPTY;
    return concat(
      acquit$,
      throwError(() => error),
    );
  }

  /** Rule 12: a sibling may have rotated it, so the store is asked again before anyone is told. */
  function denied(error: RefreshRejectedError, held: Credentials, lease: Lease): Observable<Settled> {
    const looks$ = store.read$.pipe(
      repeat({ count: DENIED_POLLS + 1, delay: () => timer(DENIED_POLL_MS, scheduler) }),
    );
    const successor$ = looks$.pipe(
      catchError(() => throwError(() => error)),
      first((found) => found.credentials?.refresh_token !== held.refresh_token, null),
      map((found): Settled => {
        const other = found?.credentials;
        if (!found || (other && !settings.sameAccount(held, other))) throw error;
        return { by: 'sibling', snapshot: found };
      }),
    );
    return concat(
      quietly(() => lease.condemn(held)),
      successor$,
    );
  }

  /** Best effort: the failure that led here is what is told. */
  function quietly(effect: () => ReturnType<Lease['acquit']>): Observable<never> {
    return defer(effect).pipe(
      ignoreElements(),
      catchError(() => EMPTY),
    );
  }

  // ── saving ──────────────────────────────────────────────────────────────────────────────────────────

  /** Rule 10: durable before anyone sees it; merged again over what another tool has touched. */
  function save(base: Snapshot, granted: Granted, early: Early): Observable<Settled> {
    return store.write(merged(base, granted), base.version).pipe(
      concatMap(({ written, snapshot }) => {
        if (!written && isSamePair(base.credentials, snapshot.credentials))
          return save(snapshot, granted, early);
        if (!written && snapshot.credentials && lock.lossy) report({ type: 'concurrent-redemption' });
        return of<Settled>({ by: written ? 'self' : 'sibling', snapshot });
      }),
      catchError((error: TokenError) => keep({ base, granted, error }, early)),
    );
  }

  /** The provider has rotated and the store refuses: memory has the only valid token, and the lock is kept. */
  function keep(kept: Unsaved, early: Early): Observable<Settled> {
    const since = scheduler.now();
    let attempt = 0;
    const patience$ = defer(() => {
      const isShort = scheduler.now() - since < HOLDS_PROCESS_MS;
      return timer(
        defaultRetry(++attempt, kept.error, settings.random),
        isShort ? scheduler : settings.background,
      );
    });
    return defer(() => {
      unsaved = kept;
      report({ type: 'persist-failed', error: kept.error });
      if (settings.strictPersist) early.error(kept.error);
      else early.next(aheadOfTheStore(kept));
      return patience$;
    }).pipe(
      concatMap(() => store.write(merged(kept.base, kept.granted), kept.base.version)),
      tap(({ written, snapshot }) => {
        if (written || !isSamePair(kept.base.credentials, snapshot.credentials)) return;
        kept.base = snapshot;
        throw kept.error; // touched by another tool: merge again
      }),
      retry({ delay: () => patience$ }),
      map(({ written, snapshot }): Settled => ({ by: written ? 'self' : 'sibling', snapshot })),
      tap(() => report({ type: 'persisted' })),
      finalize(() => (unsaved = null)),
    );
  }

  function aheadOfTheStore({ base, granted }: Unsaved): Settled {
    return { by: 'self', snapshot: { credentials: merged(base, granted), version: base.version } };
  }

  /** A refresh while memory is ahead: under the lock that is being kept, from the token that only memory has. */
  function beyondTheStore(kept: Unsaved, attempt: number): Observable<Settled> {
    if (settings.strictPersist) return throwError(() => kept.error);
    const held = merged(kept.base, kept.granted);
    return exchange(settings, held, attempt, (answer$) => takeLate(held, answer$)).pipe(
      concatMap((granted) => {
        if (unsaved !== kept) return saveLate(held, granted);
        const before = mergeRotation(null, kept.granted.response, kept.granted.sentAt);
        kept.granted = {
          response: mergeRotation(before, granted.response, granted.sentAt),
          sentAt: granted.sentAt,
        };
        return of(aheadOfTheStore(kept));
      }),
    );
  }

  /** Rule 8: an answer after the timeout is saved if the store still holds what it was obtained with. */
  function takeLate(previous: Credentials | null, answer$: Observable<Granted>): void {
    answer$
      .pipe(
        concatMap((granted) => saveLate(previous, granted)),
        catchError(() => EMPTY),
        takeUntil(superseded$),
      )
      .subscribe(publish);
  }

  function saveLate(previous: Credentials | null, granted: Granted): Observable<Settled> {
    return store.read$.pipe(
      filter((found) => isSamePair(found.credentials, previous)),
      concatMap((found) => save(found, granted, { next: publish, error: () => undefined })),
    );
  }

  return { transaction, isAhead: () => unsaved !== null };
}

/** How a flight lands before its lock is free. */
interface Early {
  next(settled: Settled): void;
  error(error: TokenError): void;
}

/** One turn under the lock. */
interface Turn {
  readonly found: Snapshot;
  readonly stale: Credentials | null;
  readonly attempt: number;
  readonly lease: Lease;
  readonly early: Early;
}

function isLost(error: unknown): boolean {
  return error instanceof RefreshUnavailableError && error.ambiguous;
}
