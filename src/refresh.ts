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
  merge,
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
  type ObservableInput,
} from 'rxjs';
import type { Ahead, AheadStore, Settled } from './aheadStore.js';
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
import type { Mutex } from './mutex.js';
import { tapAwait } from './tapAwait.js';

export interface RefreshDeps {
  readonly settings: Settings;
  readonly store: AheadStore;
  /** The turn of `set()` and `clear()`, which what a flight brings waits for. */
  readonly inTurn: Mutex;
  /** Emits when one of them is durable: whatever is under way is for nobody. */
  readonly superseded$: Observable<unknown>;
  /** Emits when the manager is disposed of: what was not sent never is. */
  readonly disposed$: Observable<unknown>;
  readonly report: (happening: Happening) => void;
  /** Takes what comes after its flight has landed: a late answer, a token saved at last. */
  readonly publish: (settled: Settled) => void;
}

/**
 * One transaction to replace `stale`: lock, re-read, adopt or exchange, merge, persist.
 *
 * Emits once and completes when the lock is free again, or errors with a {@link TokenError}; completes empty
 * when superseded. Once started it runs to its end, however early it is left.
 */
export type Transaction = (stale: Credentials | null, attempt: number) => Observable<Settled>;

/** How often, and how far apart, a denied token's successor is looked for: siblings of another make may lag. */
const DENIED_LOOKS = 6;
const DENIED_LOOK_MS = 100;

/** A lock that is free takes a while too, on a disk. */
const WORTH_TELLING_MS = 50;

const ACQUIRED = Symbol('acquired');

export function createRefresh(deps: RefreshDeps): Transaction {
  const { settings, store, inTurn, superseded$, disposed$, report, publish } = deps;
  const { scheduler, profile, lockTimeoutMs, refreshTimeoutMs, strictPersist } = settings;
  const { lock } = settings.store;

  /** Under the lock, or under the one that is being kept. */
  function locked(
    stale: Credentials | null,
    critical: (lease: Lease) => Observable<Settled>,
  ): Observable<Settled> {
    if (store.ahead) return store.inTurn(() => underKept(store.ahead, critical));
    const askedAt = scheduler.now();
    return lock
      .hold((lease) => critical(lease).pipe(startWith(ACQUIRED)))
      .pipe(
        timeout({ first: lockTimeoutMs, scheduler, with: lockTimedOut }),
        filter((value): value is Settled => {
          const waitedMs = scheduler.now() - askedAt;
          if (value === ACQUIRED && waitedMs > WORTH_TELLING_MS) report({ type: 'lock-waited', waitedMs });
          return value !== ACQUIRED;
        }),
        catchError((error: unknown) =>
          // Whoever has held it for so long has most likely refreshed.
          error instanceof LockTimeoutError ? judged(stale, () => throwing(error)) : throwing(error),
        ),
      );
  }

  /** Empty where it is no longer kept: whoever waits decides again. */
  function underKept(
    kept: Ahead | null,
    critical: (lease: Lease) => Observable<Settled>,
  ): Observable<Settled> {
    if (!kept) return EMPTY;
    return strictPersist ? throwing(kept.error) : critical(kept.lease);
  }

  function lockTimedOut(): Observable<never> {
    return defer(() => lock.holder?.() ?? of(null)).pipe(
      catchError(() => of(null)),
      map((holder) => {
        const who = holder ? ` by ${holder.by} since ${new Date(holder.since).toISOString()}` : '';
        throw new LockTimeoutError(`The refresh lock was held${who}`);
      }),
    );
  }

  /** Re-reads, adopts what a sibling has left, and has `send` do the rest. */
  function judged(
    stale: Credentials | null,
    send: (found: Snapshot) => Observable<Settled>,
  ): Observable<Settled> {
    return store.read$.pipe(
      concatMap((found) => {
        const verdict = judge(found, stale, settings, scheduler.now());
        if (verdict === 'adopt') return of(fromSibling(found));
        return verdict === 'send' ? send(found) : throwing(verdict);
      }),
    );
  }

  /** Journals, sends, saves: the heart of it all. */
  function redeem(
    found: Snapshot,
    stale: Credentials | null,
    lease: Lease,
    attempt: number,
    onSend: () => void,
  ): Observable<Settled> {
    const held = found.credentials;
    let lostAt = found.pending?.sentAt;
    const sentAt = lostAt ?? scheduler.now();
    return of(found).pipe(
      tapAwait(() => prepare(found, stale, lease, sentAt)),
      tap(onSend),
      concatMap(() => exchange(settings, held, attempt, (answer$) => takeLate(held, lease, answer$))),
      retry({
        count: 1, // at once, while a spent token still works; after that as often as the backoff says
        delay: (error) => {
          const isLost = error instanceof RefreshUnavailableError && error.ambiguous;
          if (!isLost || !isWithinGrace(sentAt, profile.reuse, scheduler.now())) return throwing(error);
          lostAt ??= sentAt;
          return of(null);
        },
      }),
      concatMap((granted) => save(found, granted, lease)),
      catchError((error: unknown) => failed(error as TokenError, held, lease, lostAt)),
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
      catchError((error: unknown) => (hasEnded(held, stale, scheduler.now()) ? EMPTY : throwing(error))),
    );
    const lease$ = defer(() => {
      const isSafe = !lease.signal.aborted && lease.remainingMs() > refreshTimeoutMs;
      return isSafe ? EMPTY : throwing(new LockTimeoutError('The lease has lapsed'));
    });
    return concat(journal$, lease$);
  }

  /** What the journal and a sibling have to say of a failure, before it is told. */
  function failed(
    error: TokenError,
    held: Credentials | null,
    lease: Lease,
    lostAt?: number,
  ): Observable<Settled> {
    const isDenied = error instanceof RefreshRejectedError;
    if (!held?.refresh_token) {
      const { error: code, status } = error;
      return throwing(
        isDenied ? new ConfigurationError('The provider refused acquire', { error: code, status }) : error,
      );
    }
    const isKnown =
      error instanceof RefreshUnavailableError ? !error.ambiguous : error.code !== 'callback_failed';
    // An earlier answer that was lost stays so, whatever came of the present request.
    const acquit$ = isKnown && lostAt === undefined ? quietly(() => lease.acquit()) : EMPTY;
    return concat(
      acquit$,
      isDenied ? denied(new RefreshRejectedError(error, lostAt), held, lease) : throwing(error),
    );
  }

  /** Rule 12: a sibling may have rotated it, so the store is asked again before anyone is told. */
  function denied(error: TokenError, held: Credentials, lease: Lease): Observable<Settled> {
    const successor$ = store.read$.pipe(
      repeat({ count: DENIED_LOOKS, delay: () => timer(DENIED_LOOK_MS, scheduler) }),
      first(({ credentials }) => credentials?.refresh_token !== held.refresh_token, null),
      map((found) => {
        const other = found?.credentials;
        if (!found || (other && !settings.sameAccount(held, other))) throw error;
        return fromSibling(found);
      }),
    );
    return concat(
      quietly(() => lease.condemn(held)),
      successor$,
    );
  }

  /** Rule 10: durable before anyone sees it; merged again over what another tool has touched. */
  function save(base: Snapshot, { response, sentAt }: Granted, lease: Lease): Observable<Settled> {
    const next = mergeRotation(base.credentials, response, sentAt, profile.defaultLifetimeMs);
    return inTurn(() => store.write(next, base.version)).pipe(
      catchError((error: unknown) => of(error as TokenError)),
      concatMap((result): Observable<Settled> => {
        if (result instanceof Error) return store.keep(next, base, lease, result);
        const { written, snapshot } = result;
        if (written) return of({ by: 'self', snapshot });
        if (isSamePair(base.credentials, snapshot.credentials))
          return save(snapshot, { response, sentAt }, lease);
        if (lock.lossy && snapshot.credentials) report({ type: 'concurrent-redemption' });
        return of(fromSibling(snapshot));
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

  return (stale, attempt) =>
    new Observable((caller) => {
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
      let isSent = false;
      const onSend = (): void => {
        isSent = true;
        report({ type: 'refresh-started', attempt });
      };
      const critical = (lease: Lease): Observable<Settled> =>
        judged(stale, (found) => redeem(found, stale, lease, attempt, onSend));
      // Not torn down with its subscriber.
      defer(() => locked(stale, critical))
        .pipe(takeUntil(merge(superseded$, disposed$.pipe(filter(() => !isSent)))))
        .subscribe({ next: arrive, error: fail, complete: () => land(outcome) });
    });
}

function fromSibling(snapshot: Snapshot): Settled {
  return { by: 'sibling', snapshot };
}

/** Best effort: what led here is what is told. */
function quietly(effect: () => ObservableInput<unknown>): Observable<never> {
  return defer(effect).pipe(
    ignoreElements(),
    catchError(() => EMPTY),
  );
}

function throwing(error: unknown): Observable<never> {
  return throwError(() => error);
}
