import {
  catchError,
  concat,
  concatMap,
  defaultIfEmpty,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
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
  type Subscription,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { abortOf } from './abortOf.js';
import { aheadStore, type Settled } from './aheadStore.js';
import { codeLike } from './classify.js';
import { asStoreError, checkedStore } from './checkedStore.js';
import { readConfig, type TokenManagerConfig } from './config.js';
import { ANY_VERSION, type Snapshot } from './contracts.js';
import { isCredentials, type Credentials } from './credentials.js';
import { decide, freshUntil, isBlocked, isEnough, isServable, type Caller } from './decide.js';
import { ConfigurationError, DisposedError, RefreshRejectedError, StoreError, TokenError } from './errors.js';
import type { Happening, TokenEvent } from './events.js';
import { firstCredentials } from './firstCredentials.js';
import { sameState, toState, type Held } from './held.js';
import { OrderedBehaviorSubject } from './orderedSubject.js';
import { proactive } from './proactive.js';
import { refresh } from './refresh.js';
import { siblings } from './siblings.js';
import { silently } from './silently.js';
import { singleFlight } from './singleFlight.js';
import { createMutex } from './mutex.js';
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
  const { scheduler } = settings;
  const now = (): number => scheduler.now();
  const store = aheadStore(checkedStore(settings.store, now), settings, report);

  const held$ = new OrderedBehaviorSubject<Held>({});
  const happening$ = new Subject<TokenEvent>();
  const superseded$ = new Subject<void>();
  const disposed$ = new ReplaySubject<void>(1);
  const inTurn = createMutex();
  /** Moves with each publish: a re-read that began before it is late. */
  let epoch = 0;
  /** How many of `set`, `clear` and `invalidate` are under way: until they are durable nobody is served. */
  let changes = 0;
  let listening: Subscription | undefined;
  let isDisposed = false;

  // What the hot path needs, computed once for each change: a number to compare the clock with, and the answer.
  let servedUntil = -Infinity;
  let served!: Promise<string>;
  let waiting: Promise<string> | undefined;

  // ── the subject ─────────────────────────────────────────────────────────────────────────────────────

  function hold(held: Held): void {
    if (isNewToken(held$.getValue().credentials, held.credentials)) {
      served = Promise.resolve(held.credentials.access_token);
    }
    servedUntil = isDisposed || changes > 0 ? -Infinity : freshUntil(held, settings);
    held$.next(held);
  }

  function report(happening: Happening): void {
    queueScheduler.schedule(() => happening$.next({ ...happening, at: now() }));
  }

  function publish({ by, snapshot }: Settled): void {
    const before = held$.getValue();
    const after = afterNews(before, snapshot, by, settings, now());
    const news = newsOf(before, after, by, settings.sameAccount);
    epoch++;
    hold(after);
    if (news) report(news);
    if (news?.type !== 'loaded' && isNewToken(before.credentials, after.credentials))
      tellCallback(after.credentials);
  }

  function fail(thrown: unknown): void {
    const error = asStoreError('store_unreadable', thrown);
    const held = afterFailure(held$.getValue(), error, settings, now());
    hold(held);
    const isFinal = error instanceof RefreshRejectedError;
    report({ type: isFinal ? 'reauthentication-required' : 'refresh-failed', ...held.failure });
  }

  /** `onRefresh` comes after the subscribers, and whatever goes wrong in it stays there. */
  function tellCallback(credentials: Credentials): void {
    const wrong = (thrown: unknown): void => {
      const message = `onRefresh failed (${codeLike((Object(thrown) as Error).name) ?? 'unknown'})`;
      report({ type: 'callback-failed', error: new ConfigurationError(message, {}, 'callback_failed') });
    };
    const told$ = defer(() => Promise.resolve(settings.onRefresh(credentials)));
    queueScheduler.schedule(() => told$.subscribe({ error: wrong }));
  }

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────

  /** Takes over what the store holds, if it is news. */
  function adopt(snapshot: Snapshot): void {
    const { version, dead, failure } = held$.getValue();
    const isKnown = version === snapshot.version && dead === snapshot.dead;
    if (!isKnown || failure?.error instanceof StoreError) publish({ by: 'sibling', snapshot });
  }

  const reread$ = defer(() => {
    const began = epoch;
    return store.read$.pipe(
      tap((snapshot) => {
        if (began === epoch) adopt(snapshot);
      }),
    );
  });

  const reload$ = reread$.pipe(tap({ error: fail }), takeUntil(disposed$));
  const load$ = reload$.pipe(singleFlight());
  const loaded$ = defer(() => (isLoaded() ? EMPTY : load$.pipe(ignoreElements())));

  /** From the first use on: siblings are heard whether or not anybody subscribes. */
  function listen(): void {
    const heard$ = siblings(settings.store.changes$, held$, reload$);
    listening ??= heard$.pipe(takeUntil(disposed$)).subscribe();
  }

  /** What comes after its flight has landed; a sibling may have been faster than its news. */
  function catchUp(settled: Settled): void {
    if (settled.by === 'self') publish(settled);
    else behind(reread$);
  }

  // ── the flight ──────────────────────────────────────────────────────────────────────────────────────

  const refresh$ = defer(() => {
    const held = held$.getValue();
    hold({ ...held, refreshing: true });
    const stale = held.credentials ?? null;
    const attempt = (held.failure?.attempt ?? 0) + 1;
    const flight = {
      stale,
      attempt,
      settings,
      store,
      inTurn,
      superseded$,
      disposed$,
      report,
      publish: catchUp,
    };
    return refresh(flight).pipe(
      tap({ next: publish, error: fail, finalize: () => hold({ ...held$.getValue(), refreshing: false }) }),
      takeUntil(disposed$), // whoever waits is let go; the transaction itself runs to its end
    );
  }).pipe(singleFlight());

  /** What the timer does: it asks for nothing while something else is about to change. */
  const attempt$ = defer(() => {
    if (changes > 0) return EMPTY;
    return isLoaded() ? refresh$ : load$;
  });

  function isLoaded(): boolean {
    return held$.getValue().credentials !== undefined;
  }

  const keepFresh$ = proactive(held$, settings, attempt$, settings.background).pipe(share());

  // ── a caller ────────────────────────────────────────────────────────────────────────────────────────

  /** One wait for all who wait: for the next attempt, or for anything that makes it needless. */
  const nextAttempt$ = defer(() => {
    const retryAt = held$.getValue().failure?.retryAt ?? now();
    return merge(timerAt(retryAt, scheduler), held$.pipe(skip(1))).pipe(take(1));
  }).pipe(singleFlight());

  function credentialsFor(caller: Caller): Observable<Credentials> {
    return defer((): Observable<Credentials> => {
      const after = (wait$: Observable<unknown>): Observable<Credentials> =>
        concat(wait$.pipe(ignoreElements()), credentialsFor(caller));
      if (isDisposed) throw new DisposedError();
      if (changes > 0) return after(inTurn(() => EMPTY));
      listen();
      if (!isLoaded()) return after(load$);
      const held = held$.getValue();
      const decision = decide(held, settings, now(), caller);
      if (!decision) return refreshedFor(caller);
      if (decision instanceof TokenError) throw decision;
      if (typeof decision === 'number') return after(nextAttempt$);
      if (now() >= freshUntil(held, settings) && !isBlocked(held, settings, now())) behind(attempt$);
      return of(decision);
    });
  }

  function refreshedFor(caller: Caller): Observable<Credentials> {
    const orHeld = (error: unknown): Observable<Credentials> => {
      const { credentials } = held$.getValue();
      if (credentials && isEnough(credentials, now(), caller)) return of(credentials);
      throw error;
    };
    return refresh$.pipe(
      defaultIfEmpty(null), // superseded by set() or clear(), or disposed of
      concatMap((settled) => {
        // What a sibling has left may be just what was rejected here.
        const isOwn = settled?.by === 'self';
        const { credentials } = isOwn ? settled.snapshot : held$.getValue();
        const isGood = credentials && (isOwn || isEnough(credentials, now(), caller));
        return isGood ? of(credentials) : credentialsFor(caller);
      }),
      catchError(orHeld),
    );
  }

  /** What is good for another `minValidityMs`, for a caller who comes now. */
  function lasting(minValidityMs = 0): Observable<Credentials> {
    return defer(() => {
      if (!(typeof minValidityMs === 'number' && minValidityMs >= 0))
        throw new RangeError('minValidityMs must be 0 or more');
      return credentialsFor({ minValidityMs, waitsUntil: now() + settings.maxWaitMs });
    });
  }

  const current$ = lasting();

  /** N callers of a moment share one promise: what a caller costs is constant. */
  function sharedToken(): Promise<string> {
    if (waiting) return waiting;
    let isSettled = false as boolean;
    const settle = (): void => {
      isSettled = true;
      waiting = undefined;
    };
    const promise = firstValueFrom(current$.pipe(tap({ next: settle, error: settle }), map(tokenOf)));
    if (!isSettled) waiting = promise;
    return promise;
  }

  function requested({ signal, minValidityMs }: TokenOptions = {}): Promise<Credentials> {
    return firstValueFrom(merge(abortOf(signal), lasting(minValidityMs)));
  }

  function strikeFromMemory(rejected: string | undefined): void {
    hold(afterRejection(held$.getValue(), rejected));
  }

  function renewal(rejected: string): Observable<string> {
    return defer(() => {
      if (typeof rejected !== 'string')
        throw new TypeError('renew(rejected): access_token must be a non-empty string');
      return concat(
        loaded$,
        defer(() => {
          strikeFromMemory(rejected);
          return current$;
        }),
      ).pipe(map(tokenOf));
    });
  }

  // ── changes from outside ────────────────────────────────────────────────────────────────────────────

  /** Runs `effect` after the changes that were asked for before it; until it is durable, callers wait. */
  function change(effect: Observable<unknown>): Promise<void> {
    if (isDisposed) return Promise.reject(new DisposedError());
    listen();
    changes++;
    servedUntil = -Infinity;
    const done = (): void => {
      changes--;
      hold(held$.getValue()); // an effect that failed leaves the timer to be armed again
    };
    const changed$ = inTurn(() => effect.pipe(tap({ error: done, complete: done }), ignoreElements()));
    return firstValueFrom(changed$, { defaultValue: undefined });
  }

  /** Once this is durable, what a flight may still bring is for nobody; until then it waits for its turn. */
  function replace(credentials: Credentials | null, happening: Happening): Promise<void> {
    const written$ = store.write(credentials, ANY_VERSION).pipe(
      tap(({ snapshot }) => {
        epoch++;
        hold({ ...afterNews({}, snapshot, 'sibling', settings, now()), signedOut: !credentials });
        report(happening);
        superseded$.next();
      }),
    );
    return change(written$);
  }

  function signIn(given: { readonly access_token: string } | TokenResponse): Promise<void> {
    if (!isCredentials(given)) {
      return Promise.reject(new TypeError('set(credentials): access_token must be a non-empty string'));
    }
    const credentials = firstCredentials(given, now(), settings.profile.defaultLifetimeMs);
    return replace(credentials, { type: 'set', by: 'self' });
  }

  /** Durably due, unless somebody was faster: what is struck is what was seen. */
  const strike = (rejected: string | undefined): Observable<unknown> =>
    store.read$.pipe(
      concatMap((found): Observable<unknown> => {
        const struck = afterRejection(found, rejected);
        if (struck === found) return of(adopt(found));
        return store.write(struck.credentials, found.version).pipe(
          concatMap((result) => {
            if (!result.written) return strike(rejected);
            publish({ by: 'sibling', snapshot: result.snapshot }); // no grant, and no news but this:
            report({ type: 'invalidated' });
            return EMPTY;
          }),
        );
      }),
    );

  function invalidate(rejected?: string): Promise<void> {
    if (!isDisposed) strikeFromMemory(rejected);
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
  function shown<T>(inner$: Observable<T>): Observable<T> {
    return new Observable((subscriber) => inner$.pipe(takeUntil(disposed$)).subscribe(subscriber));
  }

  /** What is held, as `view` has it, from when the store has answered; each value once. */
  function watched<T>(view: (held: Held) => T | undefined): Observable<T> {
    return defer(() => {
      listen();
      behind(loaded$);
      return held$.pipe(
        map(view),
        filter((value) => value !== undefined),
        distinctUntilChanged(),
      );
    });
  }

  const token$ = watched((held) =>
    isServable(held, settings, now()) ? held.credentials?.access_token : undefined,
  );

  return {
    token$: shown(merge(token$, keepFresh$)),
    credentials$: shown(watched(({ credentials }) => credentials)),
    state$: shown(watched(toState).pipe(distinctUntilChanged(sameState))),
    events$: shown(happening$),
    validToken$: new Observable((subscriber) => current$.pipe(map(tokenOf)).subscribe(subscriber)),
    getValidToken(options) {
      if (options) return requested(options).then(tokenOf);
      return now() < servedUntil ? served : sharedToken();
    },
    getCredentials: requested,
    async peek() {
      if (isDisposed) throw new DisposedError();
      listen();
      await firstValueFrom(reread$);
      return held$.getValue().credentials ?? null;
    },
    invalidate,
    renew: (rejected) => firstValueFrom(renewal(rejected)),
    renewal,
    set: signIn,
    clear: () => replace(null, { type: 'cleared', by: 'self' }),
    dispose,
    ...(hasDisposeSymbols && {
      [Symbol.dispose]: dispose,
      [Symbol.asyncDispose]: () => Promise.resolve(dispose()),
    }),
  } as TokenManager;
}

/** Engines of before 2023 have none. */
const hasDisposeSymbols = 'dispose' in Symbol;

const tokenOf = ({ access_token }: Credentials): string => access_token;

/** Runs `work$` for nobody in particular; it reports its own failure. */
function behind(work$: Observable<unknown>): void {
  silently(work$).subscribe();
}
