import {
  concat,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  firstValueFrom,
  ignoreElements,
  map,
  merge,
  queueScheduler,
  ReplaySubject,
  share,
  shareReplay,
  Subject,
  type Observable,
  type Subscription,
  takeUntil,
  tap,
  throwIfEmpty,
  timer,
} from 'rxjs';
import { aheadStore, type Settled } from './aheadStore.js';
import { callers } from './callers.js';
import { changes } from './changes.js';
import { checkedStore } from './checkedStore.js';
import { concealed } from './concealed.js';
import { readConfig, type TokenManagerConfig } from './config.js';
import { isServable } from './decide.js';
import { disposable } from './disposable.js';
import { DisposedError } from './errors.js';
import { sameState, toState, type Held } from './held.js';
import { heldSubject } from './heldSubject.js';
import { createMutex } from './mutex.js';
import { proactive } from './proactive.js';
import { refresh } from './refresh.js';
import { siblings } from './siblings.js';
import { silently } from './silently.js';
import { singleFlight } from './singleFlight.js';
import type { TokenManager } from './tokenManager.js';

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
  const subject = heldSubject(settings);
  const { held$, happening$, hold, publish, report, fail } = subject;
  const now = (): number => settings.scheduler.now();
  const store = aheadStore(checkedStore(settings), settings, report);
  const superseded$ = new Subject<void>();
  const disposed$ = new ReplaySubject<void>(1);
  const inTurn = createMutex();
  let listening: Subscription | undefined;
  let isDisposed = false;

  // ── the store ───────────────────────────────────────────────────────────────────────────────────────

  const isLoaded = (): boolean => held$.getValue().credentials !== undefined;
  const reread$ = subject.adopting(store.read$);
  const reload$ = reread$.pipe(ignoreElements(), tap({ error: fail }), takeUntil(disposed$));
  const load$ = reload$.pipe(singleFlight());
  /** Completes when what is about to change has. */
  const changed$ = defer(() => (subject.isClosed ? inTurn(() => EMPTY) : EMPTY)).pipe(takeUntil(disposed$));

  /** From the first use on: siblings are heard whether or not anybody subscribes. */
  function listen(): void {
    if (isDisposed) throw new DisposedError();
    // A hint may also say that the machine woke up: the timer looks at the clock again, whatever was found.
    const looked$ = concat(changed$, reload$).pipe(tap({ complete: () => hold(held$.getValue()) }));
    const heard$ = siblings(settings.store.changes$, held$, looked$, settings.background);
    listening ??= heard$.pipe(takeUntil(disposed$)).subscribe();
  }

  // ── the flight ──────────────────────────────────────────────────────────────────────────────────────

  /** What comes after its flight has landed; a sibling may have been faster than its news. */
  function catchUp(settled: Settled): void {
    if (settled.by === 'self') publish(settled);
    else silently(reread$).subscribe();
  }

  let flights = 0;
  const refresh$ = defer(() => {
    const nth = ++flights;
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
      isDisposed: () => isDisposed,
      report,
      publish: catchUp,
    };
    // As this one lands, who waited for it may have started the next.
    const land = (): void => {
      if (nth === flights) hold({ ...held$.getValue(), refreshing: false });
    };
    return refresh(flight).pipe(
      tap({ next: publish, error: fail, finalize: land }),
      shareReplay(1), // whoever waits is let go; the transaction itself runs to its end
      takeUntil(disposed$),
    );
  }).pipe(singleFlight());

  /** What the timer does: it asks for nothing while something else is about to change. */
  const attempt$ = defer(() => {
    if (subject.isClosed) return EMPTY;
    return isLoaded() ? refresh$ : load$;
  });

  const keepFresh$ = proactive(held$, settings, attempt$, settings.background).pipe(share());

  // ── those who use it ────────────────────────────────────────────────────────────────────────────────

  /** Completes when there is something to decide by: what is about to change has, and the store has answered. */
  const ready$: Observable<never> = defer(() => {
    listen();
    if (subject.isClosed) return concat(changed$, ready$);
    return isLoaded() ? EMPTY : concat(load$, ready$);
  });

  /** As a promise, of whoever may use it still. */
  const used =
    <A extends unknown[], T>(use: (...given: A) => Promise<T>) =>
    async (...given: A): Promise<T> => {
      listen();
      return use(...given);
    };

  function dispose(): void {
    isDisposed = true;
    disposed$.next();
    subject.close();
    hold(held$.getValue()); // whoever waits for a next attempt looks again, and finds out
    queueScheduler.schedule(() => happening$.complete());
  }

  /** Emits when what was sent is saved, or cannot be. */
  const landed$ = merge(
    held$.pipe(filter(({ refreshing }) => !refreshing && !store.ahead)),
    timer(settings.refreshTimeoutMs, settings.scheduler),
  );

  const shown = <T>(inner$: Observable<T>): Observable<T> => concealed(inner$.pipe(takeUntil(disposed$)));

  /** What is held, as `view` has it, from when the store has answered; each value once. */
  function watched<T>(view: (held: Held) => T | undefined): Observable<T> {
    return defer(() => {
      listen();
      if (!isLoaded()) silently(load$).subscribe();
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
  const peeked$ = reread$.pipe(
    map(() => held$.getValue().credentials ?? null),
    takeUntil(disposed$),
    throwIfEmpty(() => new DisposedError()),
  );
  const { set, clear, invalidate } = changes(settings, subject, store, inTurn, superseded$);

  return {
    token$: shown(merge(concat(changed$, token$), keepFresh$)),
    credentials$: shown(watched(({ credentials }) => credentials)),
    state$: shown(watched(toState).pipe(distinctUntilChanged(sameState))),
    events$: concealed(happening$), // to its own end: what was queued before is told
    ...callers(settings, subject, load$, ready$, refresh$, attempt$),
    peek: used(() => firstValueFrom(peeked$)),
    set: used(set),
    clear: used(clear),
    invalidate: used(invalidate),
    ...disposable(dispose, () => firstValueFrom(landed$)),
  } as TokenManager;
}
