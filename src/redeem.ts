import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  endWith,
  filter,
  first,
  map,
  of,
  repeat,
  retry,
  takeUntil,
  tap,
  throwError,
  timer,
  type Observable,
} from 'rxjs';
import type { Settled } from './aheadStore.js';
import { MAX_TRIES, restless, type CheckedLease } from './checkedStore.js';
import type { Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { hasEnded, isWithinGrace } from './decide.js';
import {
  ConfigurationError,
  isLost,
  isOvertaken,
  LockTimeoutError,
  NoCredentialsError,
  RefreshRejectedError,
  type TokenError,
} from './errors.js';
import { exchange, type Granted } from './exchange.js';
import { isSamePair } from './fingerprint.js';
import { fromSibling, type Flight } from './flight.js';
import { mergeRotation } from './mergeRotation.js';
import { silently } from './silently.js';
import { tapAwait } from './tapAwait.js';
import { underLock } from './underLock.js';

/** How often, and how far apart, a denied token's successor is looked for: siblings of another make may lag. */
const DENIED_LOOKS = 6;
const DENIED_LOOK_MS = 100;

/**
 * Under the lock: journals, sends, saves. Emits what `found` was exchanged for and completes, or errors with a
 * {@link TokenError}.
 *
 * @param onSend called before each request
 */
export function redeem(
  { stale, attempt, settings, store, inTurn, superseded$, report, publish }: Flight,
  found: Snapshot,
  lease: CheckedLease,
  onSend: () => void,
): Observable<Settled> {
  const { scheduler, profile, refreshTimeoutMs } = settings;
  const held = found.credentials;
  let lostAt = found.pending?.sentAt;
  const sentAt = lostAt ?? scheduler.now();

  /** The journal, and room for the successor. Where it cannot be written nothing is sent, if that can wait. */
  function prepare(): Observable<unknown> {
    if (!held?.refresh_token) return EMPTY;
    const until = scheduler.now() + refreshTimeoutMs;
    const journal$ = lease.prepare(held, found.version, sentAt, until).pipe(
      catchError((error: unknown) => {
        if (hasEnded(held, stale, scheduler.now())) return EMPTY;
        throw error;
      }),
    );
    const lease$ = defer(() => {
      if (!lease.signal.aborted && lease.remainingMs() > refreshTimeoutMs) return EMPTY;
      throw new LockTimeoutError('The lease has lapsed');
    });
    return concat(journal$, lease$);
  }

  /** What the journal and a sibling have to say of a failure, before it is told. */
  function failed(error: TokenError): Observable<Settled> {
    const isDenied = error instanceof RefreshRejectedError;
    if (!held?.refresh_token) {
      // A grant has nothing to send: only a sign-in helps.
      if (held && error instanceof NoCredentialsError) throw new RefreshRejectedError();
      const { error: code, status } = error;
      throw isDenied && !(held && settings.canRefresh)
        ? new ConfigurationError('The provider refused acquire', { error: code, status })
        : error;
    }
    // An earlier answer that was lost stays so, whatever came of the present request.
    const isKnown = !isLost(error) && error.code !== 'callback_failed' && lostAt === undefined;
    return concat(
      isKnown ? silently(lease.acquit()) : EMPTY,
      isDenied ? denied(new RefreshRejectedError(error, lostAt), held) : throwError(() => error),
    );
  }

  /** Rule 12: a sibling may have rotated it, so the store is asked again before anyone is told. */
  function denied(error: TokenError, spent: Credentials): Observable<Settled> {
    const successor$ = store.read$.pipe(
      repeat({ count: DENIED_LOOKS, delay: () => timer(DENIED_LOOK_MS, scheduler) }),
      first(({ credentials }) => credentials?.refresh_token !== spent.refresh_token, null),
      map((latest) => {
        const other = latest?.credentials;
        if (!latest || (other && !settings.sameAccount(spent, other))) throw error;
        return fromSibling(latest);
      }),
    );
    return concat(silently(lease.condemn(spent)), successor$);
  }

  /** Rule 10: durable before anyone sees it; merged again over what another tool has touched. */
  function save(
    base: Snapshot,
    granted: Granted,
    under?: CheckedLease,
    tries = MAX_TRIES,
  ): Observable<Settled> {
    const { response, sentAt: askedAt } = granted;
    const next = mergeRotation(base.credentials, response, askedAt, profile.defaultLifetimeMs);
    const unsaved = (error: TokenError): Observable<Settled> =>
      under ? store.keep(next, base, under, error) : keepLate(granted);
    return inTurn(() => store.write(next, base.version)).pipe(
      catchError((error: unknown) => of(error as TokenError)),
      concatMap((result): Observable<Settled> => {
        if (isOvertaken(result)) throw result as TokenError; // whoever was faster has signed in, or refreshed
        if (result instanceof Error) return unsaved(result);
        const { written, snapshot } = result;
        const isSame = isSamePair(base.credentials, snapshot.credentials);
        if (written) {
          // Only another pair voids the journal by itself, and some providers give the same again.
          const voided$ = isSame && under ? silently(under.acquit(true)) : EMPTY;
          return voided$.pipe(endWith<Settled>({ by: 'self', snapshot }));
        }
        if (isSame) return tries ? save(snapshot, granted, under, tries - 1) : unsaved(restless());
        if (settings.store.lock.lossy && snapshot.credentials) report({ type: 'concurrent-redemption' });
        return of(fromSibling(snapshot));
      }),
    );
  }

  /** Rule 8: an answer after the timeout is saved if the store still holds what it was obtained with. */
  function saveLate(granted: Granted, under?: CheckedLease): Observable<Settled> {
    return store.read$.pipe(
      filter((latest) => isSamePair(latest.credentials, held)),
      concatMap((latest) => save(latest, granted, under)),
    );
  }

  /** The flight has landed and its lock is gone: to keep what the store does not take, another is needed. */
  function keepLate(granted: Granted): Observable<Settled> {
    return underLock(settings, (again) => saveLate(granted, again)).pipe(
      filter((settled) => settled !== null),
    );
  }

  function takeLate(answer$: Observable<Granted>): void {
    const saved$ = answer$.pipe(concatMap((granted) => saveLate(granted)));
    silently(saved$.pipe(tap(publish), takeUntil(superseded$))).subscribe();
  }

  return of(held).pipe(
    tapAwait(prepare),
    tap(onSend),
    concatMap(() => exchange(settings, held, attempt, takeLate)),
    retry({
      count: 1, // at once, while a spent token still works; after that as often as the backoff says
      delay: (error) => {
        if (!isLost(error) || !isWithinGrace(sentAt, profile.reuse, scheduler.now())) throw error;
        lostAt ??= sentAt;
        return of(null);
      },
    }),
    concatMap((granted) => save(found, granted, lease)),
    catchError(failed),
  );
}
