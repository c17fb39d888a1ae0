import {
  catchError,
  concat,
  concatMap,
  defaultIfEmpty,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  first,
  firstValueFrom,
  ignoreElements,
  map,
  merge,
  Observable,
  of,
  queueScheduler,
  ReplaySubject,
  share,
  skip,
  Subject,
  takeUntil,
  tap,
  throwError,
} from 'rxjs';
import { abortOf } from './abortOf.js';
import { checkedStore } from './checkedStore.js';
import { readConfig, type TokenManagerConfig } from './config.js';
import { ANY_VERSION, type Snapshot } from './contracts.js';
import { isCredentials, type Credentials } from './credentials.js';
import { decide, freshUntil, isEnough, isServable, type Caller } from './decide.js';
import { ConfigurationError, DisposedError, RefreshRejectedError, StoreError, TokenError } from './errors.js';
import type { Happening, TokenEvent } from './events.js';
import { firstCredentials } from './firstCredentials.js';
import { credentialsOf, nothingYet, sameState, toState, type Held } from './held.js';
import { OrderedBehaviorSubject } from './orderedSubject.js';
import { proactive } from './proactive.js';
import { createRefresh, type Settled } from './refresh.js';
import { siblings } from './siblings.js';
import { singleFlight } from './singleFlight.js';
import { createMutex } from './stores/mutex.js';
import { timerAt } from './timerAt.js';
import type { TokenManager, TokenOptions } from './tokenManager.js';
import type { TokenResponse } from './tokenResponse.js';
import { afterFailure, afterNews, afterRejection, isNewToken, newsOf } from './transitions.js';

/**
 * Makes a manager of one credential. Does nothing until it is used.
 *
 * ```
 * store ──read──► held$ : BehaviorSubject ──► token$, credentials$, state$ ──► subscribers
 *                   │         ▲
 *                wakeAt       │ tap(publish)
 *                   ▼         │
 *                 timer ──► refresh$ : single flight ◄── getValidToken, validToken$, renewal
 * ```
 *
 * @throws TypeError or RangeError that names the option which is wrong
 */
export function createTokenManager(config: TokenManagerConfig): TokenManager {
  const settings = readConfig(config);
  const { scheduler, background, sameAccount } = settings;
  const now = (): number => scheduler.now();
  const store = checkedStore(settings.store, now);

  const held$ = new OrderedBehaviorSubject<Held>(nothingYet);
  const happening$ = new Subject<TokenEvent>();
  const superseded$ = new Subject<void>();
  const disposed$ = new ReplaySubject<void>(1);
  const inTurn = createMutex();
  /** Moves with each publish: a re-read that began before it is late. */
  let epoch = 0;
  /** How many of `set`, `clear` and `invalidate` are under way: until they are durable nobody is served. */
  let changes = 0;
  let isListening = false;
  let isDisposed = false;

  // What the hot path needs, computed once for each change: a number to compare the clock with, and the answer.
  let servedUntil = -Infinity;
  let served!: Promise<string>;
  let waiting: Promise<string> | undefined;

  // ── the subject ─────────────────────────────────────────────────────────────────────────────────────

  function hold(held: Held): void {
    const before = credentialsOf(held$.getValue());
    const credentials = credentialsOf(held);
    if (isNewToken(before, credentials)) served = Promise.resolve(credentials.access_token);
    held$.next(held);
    reckon();
  }

  function reckon(): void {
    servedUntil = isDisposed || changes > 0 ? -Infinity : freshUntil(held$.getValue(), settings);
  }

  function report(happening: Happening): void {
    queueScheduler.schedule(() => happening$.next({ ...happening, at: now() }));
  }

  function publish({ by, snapshot }: Settled): void {
    const before = held$.getValue();
    const after = afterNews(before, snapshot, by, { terms: settings, now: now() });
    epoch++;
    hold(after);
    newsOf(before, after, by, sameAccount).forEach(report);
    const credentials = credentialsOf(after);
    if (before.snapshot && isNewToken(credentialsOf(before), credentials)) tellCallback(credentials);
  }

  function fail(thrown: unknown): void {
    const error =
      thrown instanceof TokenError ? thrown : new StoreError('store_unreadable', 'The store failed');
    const held = afterFailure(held$.getValue(), error, { terms: settings, now: now() });
    hold(held);
    const { attempt, retryAt } = held.failure ?? { attempt: 1, retryAt: Infinity };
    if (error instanceof RefreshRejectedError) report({ type: 'reauthentication-required', error });
    else
      report({
        type: error instanceof StoreError ? 'store-failed' : 'refresh-failed',
        error,
        attempt,
        retryAt,
      });
  }

  /** `onRefresh` comes after the subscribers, and whatever goes wrong in it stays there. */
  function tellCallback(credentials: Credentials): void {
    const wrong = (thrown: unknown): void => {
      const name = thrown instanceof Error ? thrown.name : typeof thrown;
      report({
        type: 'callback-failed',
        error: new ConfigurationError(`onRefresh failed with a ${name}`, {}, 'callback_failed'),
      });
    };
    queueScheduler.schedule(() => {
      try {
        const result = settings.onRefresh?.(credentials) as PromiseLike<unknown> | undefined;
        result?.then?.(undefined, wrong);
      } catch (thrown) {
        wrong(thrown);
      }
    });
  }

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────

  /** Takes over what the store holds, if it is news. */
  function adopt(snapshot: Snapshot): void {
    const held = held$.getValue();
    const isKnown = held.snapshot?.version === snapshot.version && held.snapshot.dead === snapshot.dead;
    if (refreshing.isAhead() || (isKnown && !(held.failure?.error instanceof StoreError))) return;
    publish({ by: 'sibling', snapshot });
  }

  const reread$ = defer(() => {
    const began = epoch;
    return store.read$.pipe(
      tap((snapshot) => {
        if (began === epoch) adopt(snapshot);
      }),
    );
  });

  const load$ = reread$.pipe(tap({ error: fail }), takeUntil(disposed$), singleFlight());

  /** From the first use on: siblings are heard whether or not anybody subscribes. */
  function listen(): void {
    if (isListening || isDisposed) return;
    isListening = true;
    siblings(settings.store.changes$, held$, reread$.pipe(tap({ error: fail })))
      .pipe(takeUntil(disposed$))
      .subscribe();
  }

  // ── the flight ──────────────────────────────────────────────────────────────────────────────────────

  const refreshing = createRefresh({ settings, store, superseded$, report, publish });

  const refresh$ = defer(() => {
    const held = held$.getValue();
    hold({ ...held, refreshing: true });
    return refreshing.transaction(credentialsOf(held), (held.failure?.attempt ?? 0) + 1).pipe(
      tap({
        next: (settled) => {
          hold({ ...held$.getValue(), refreshing: false });
          publish(settled);
        },
        error: fail,
        complete: () => {
          if (held$.getValue().refreshing) hold({ ...held$.getValue(), refreshing: false });
        },
      }),
      takeUntil(disposed$), // whoever waits is let go; the transaction itself runs to its end
    );
  }).pipe(singleFlight());

  /** What the timer does: it asks for nothing while something else is about to change. */
  const attempt$ = defer((): Observable<unknown> => {
    if (changes > 0) return EMPTY;
    return held$.getValue().snapshot ? refresh$ : load$;
  });

  const keepFresh$ = proactive(held$, settings, attempt$, background).pipe(share());

  // ── a caller ────────────────────────────────────────────────────────────────────────────────────────

  /** One wait for all who wait: for the next attempt, or for anything that makes it needless. */
  const nextAttempt$ = defer(() => {
    const retryAt = held$.getValue().failure?.retryAt ?? now();
    return merge(timerAt(retryAt, scheduler), held$.pipe(skip(1))).pipe(first(null, null));
  }).pipe(singleFlight());

  function credentialsFor(caller: Caller): Observable<Credentials> {
    return defer((): Observable<Credentials> => {
      const again$ = credentialsFor(caller);
      if (isDisposed) return throwError(() => new DisposedError());
      if (changes > 0)
        return concat(
          inTurn(() => EMPTY),
          again$,
        );
      listen();
      const held = held$.getValue();
      if (!held.snapshot) return concat(load$.pipe(ignoreElements()), again$);
      const decision = decide(held, settings, now(), caller);
      if (decision === 'refresh') return refreshedFor(caller);
      if ('fail' in decision) return throwError(() => decision.fail);
      if ('waitUntil' in decision) return concat(nextAttempt$.pipe(ignoreElements()), again$);
      if (decision.refreshBehind) attempt$.subscribe({ error: () => undefined }); // the flight reported it
      return of(decision.serve);
    });
  }

  function refreshedFor(caller: Caller): Observable<Credentials> {
    return refresh$.pipe(
      catchError((error: unknown) => {
        const credentials = credentialsOf(held$.getValue());
        if (credentials && isEnough(credentials, now(), caller))
          return of({ by: 'self', snapshot: { credentials } } as Settled);
        return throwError(() => error);
      }),
      defaultIfEmpty(null), // superseded by set() or clear(), or disposed of
      concatMap((settled) => {
        const credentials = settled?.snapshot.credentials;
        const isGood = credentials && (settled.by === 'self' || isEnough(credentials, now(), caller));
        return isGood ? of(credentials) : credentialsFor(caller);
      }),
    );
  }

  function callerNow(minValidityMs = 0): Caller {
    if (!(minValidityMs >= 0))
      throw new RangeError('minValidityMs must be a number of milliseconds, 0 or more');
    return { minValidityMs, waitsUntil: now() + settings.maxWaitMs };
  }

  const current$ = defer(() => credentialsFor(callerNow()));

  /** N callers of a moment share one promise: what a caller costs is constant. */
  function sharedToken(): Promise<string> {
    if (waiting) return waiting;
    let isSettled = false;
    const promise = new Promise<string>((resolve, reject) => {
      const settle = (): void => void ((isSettled = true), (waiting = undefined));
      current$.subscribe({
        next: ({ access_token }) => (settle(), resolve(access_token)),
        error: (error: TokenError) => (settle(), reject(error)),
      });
    });
    if (!isSettled) waiting = promise;
    return promise;
  }

  function requested({ signal, minValidityMs }: TokenOptions): Promise<Credentials> {
    return firstValueFrom(
      merge(
        abortOf(signal),
        defer(() => credentialsFor(callerNow(minValidityMs))),
      ),
    );
  }

  function renewal(rejected: string): Observable<string> {
    return defer(() => {
      if (typeof rejected !== 'string')
        throw new TypeError('renew(rejected): rejected must be an access token');
      const loaded$ = held$.getValue().snapshot || isDisposed ? EMPTY : load$.pipe(ignoreElements());
      const struck$ = defer(() => {
        const held = held$.getValue();
        const struck = afterRejection(held, rejected);
        if (struck !== held) hold(struck);
        return current$;
      });
      return concat(loaded$, struck$).pipe(map(({ access_token }) => access_token));
    });
  }

  // ── changes from outside ────────────────────────────────────────────────────────────────────────────

  /** Runs `effect` after the changes that were asked for before it; until it is durable, callers wait. */
  function change(effect: Observable<unknown>): Promise<void> {
    if (isDisposed) return Promise.reject(new DisposedError());
    listen();
    changes++;
    reckon();
    const done = (): void => {
      changes--;
      hold(held$.getValue()); // an effect that failed leaves the timer to be armed again
    };
    return new Promise((resolve, reject) => {
      inTurn(() => effect.pipe(tap({ error: done, complete: done }))).subscribe({
        error: reject,
        complete: resolve,
      });
    });
  }

  /** What a flight may bring from now on is for nobody; what is written is whatever is given. */
  function replace(credentials: Credentials | null, happening: Happening): Promise<void> {
    superseded$.next();
    const write$ = store.write(credentials, ANY_VERSION).pipe(
      tap(({ snapshot }) => {
        epoch++;
        hold({
          ...afterNews(nothingYet, snapshot, 'sibling', { terms: settings, now: now() }),
          signedOut: !credentials,
        });
        report(happening);
      }),
    );
    return change(write$);
  }

  function signIn(given: Credentials | TokenResponse): Promise<void> {
    if (!isCredentials(given)) {
      return Promise.reject(new TypeError('set(credentials): access_token must be a non-empty string'));
    }
    return replace(firstCredentials(given, now(), settings.profile.defaultLifetimeMs), {
      type: 'set',
      by: 'self',
    });
  }

  /** Durably due, unless somebody was faster: what is struck is what was seen. */
  const strike = (rejected: string | undefined): Observable<unknown> =>
    store.read$.pipe(
      concatMap((found): Observable<unknown> => {
        const { credentials } = found;
        if (refreshing.isAhead()) return EMPTY; // the store does not hold it yet: only memory has to know
        if (!credentials || (rejected !== undefined && credentials.access_token !== rejected))
          return of(adopt(found));
        return store.write({ ...credentials, expires_at: 0 }, found.version).pipe(
          concatMap((result) => {
            if (!result.written) return strike(rejected);
            publish({ by: 'self', snapshot: result.snapshot });
            report({ type: 'invalidated' });
            return EMPTY;
          }),
        );
      }),
    );

  function invalidate(rejected?: string): Promise<void> {
    const held = held$.getValue();
    const struck = afterRejection(held, rejected ?? credentialsOf(held)?.access_token ?? '');
    if (!isDisposed && struck !== held) hold(struck);
    return change(strike(rejected));
  }

  function dispose(): void {
    if (isDisposed) return;
    isDisposed = true;
    disposed$.next();
    hold(held$.getValue()); // whoever waits for a next attempt looks again, and finds out
    queueScheduler.schedule(() => happening$.complete());
  }

  /** Observables for outsiders show nothing of what is inside, not even to `util.inspect`. */
  function shown<T>(inner: () => Observable<T>): Observable<T> {
    return new Observable((subscriber) => inner().pipe(takeUntil(disposed$)).subscribe(subscriber));
  }

  function watched<T>(view: (held: Held) => T): Observable<T> {
    return defer(() => {
      listen();
      if (!held$.getValue().snapshot && !isDisposed) load$.subscribe({ error: () => undefined }); // state$ tells
      return held$.pipe(map(view));
    });
  }

  return {
    token$: shown(() =>
      merge(
        watched((held) =>
          isServable(held, settings, now()) ? credentialsOf(held)?.access_token : undefined,
        ).pipe(
          filter((token) => token !== undefined),
          distinctUntilChanged(),
        ),
        keepFresh$,
      ),
    ),
    credentials$: shown(() =>
      watched((held) => held.snapshot?.credentials).pipe(
        filter((credentials) => credentials !== undefined),
        distinctUntilChanged(),
      ),
    ),
    state$: shown(() => watched(toState).pipe(distinctUntilChanged(sameState))),
    events$: shown(() => happening$),
    validToken$: new Observable((subscriber) =>
      current$.pipe(map(({ access_token }) => access_token)).subscribe(subscriber),
    ),
    getValidToken(options) {
      if (options) return requested(options).then(({ access_token }) => access_token);
      return now() < servedUntil ? served : sharedToken();
    },
    getCredentials: (options = {}) => requested(options),
    peek: () =>
      isDisposed
        ? Promise.reject(new DisposedError())
        : firstValueFrom(reread$.pipe(map(() => credentialsOf(held$.getValue())))),
    invalidate,
    renew: (rejected) => firstValueFrom(renewal(rejected)),
    renewal,
    set: signIn,
    clear: () => replace(null, { type: 'cleared', by: 'self' }),
    dispose,
    ...(Symbol.dispose && { [Symbol.dispose]: dispose }),
    ...(Symbol.asyncDispose && { [Symbol.asyncDispose]: () => Promise.resolve(dispose()) }),
  } as TokenManager;
}
