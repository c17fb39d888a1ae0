import {
  catchError,
  concat,
  concatMap,
  defaultIfEmpty,
  defer,
  EMPTY,
  firstValueFrom,
  ignoreElements,
  map,
  merge,
  type Observable,
  of,
  skip,
  take,
  tap,
} from 'rxjs';
import type { Settled } from './aheadStore.js';
import { concealed } from './concealed.js';
import type { Settings } from './config.js';
import type { Credentials } from './credentials.js';
import { blockedUntil, decide, freshUntil, isEnough, type Caller } from './decide.js';
import { TokenError } from './errors.js';
import type { HeldSubject } from './heldSubject.js';
import { orAbort } from './orAbort.js';
import { silently } from './silently.js';
import { singleFlight } from './singleFlight.js';
import { timerAt } from './timerAt.js';
import type { TokenManager, TokenOptions } from './tokenManager.js';

/**
 * Those who ask for a token: served from memory, or with what a refresh brings, or told why not.
 *
 * @param reread$ looks into the store, once for all who ask meanwhile
 * @param ready$ completes when there is something to decide by, at once if there is already
 * @param refresh$ the one flight
 * @param attempt$ the same, unless something else is about to change
 */
export function callers(
  settings: Settings,
  subject: HeldSubject,
  reread$: Observable<unknown>,
  ready$: Observable<never>,
  refresh$: Observable<Settled>,
  attempt$: Observable<unknown>,
): Pick<TokenManager, 'getValidToken' | 'validToken$' | 'getCredentials' | 'renew' | 'renewal'> {
  const { held$, served } = subject;
  const now = (): number => settings.scheduler.now();
  let waiting: Promise<string> | undefined;

  /** One wait for all who wait: for the next attempt, or for anything that makes it needless. */
  const nextAttempt$ = defer(() => {
    const retryAt = held$.getValue().failure?.retryAt ?? now();
    return merge(timerAt(retryAt, settings.scheduler), held$.pipe(skip(1))).pipe(take(1));
  }).pipe(singleFlight(), ignoreElements());

  /** Who comes now. */
  const asking = (minValidityMs: number, rejected?: string): Caller => ({
    minValidityMs,
    waitsUntil: now() + settings.maxWaitMs,
    rejected,
  });

  function credentialsFor(caller: Caller): Observable<Credentials> {
    const decided$ = defer((): Observable<Credentials> => {
      // Each time: it may be just this one that a sibling comes with meanwhile.
      if (caller.rejected !== undefined) subject.strike(caller.rejected);
      const held = held$.getValue();
      const decision = decide(held, settings, now(), caller);
      if (!decision) return refreshedFor(caller);
      if (decision instanceof TokenError) throw decision;
      if (typeof decision === 'number') return concat(nextAttempt$, credentialsFor(caller));
      if (now() >= Math.max(freshUntil(held, settings), blockedUntil(held, settings)))
        silently(attempt$).subscribe();
      return of(decision);
    });
    return concat(ready$, decided$);
  }

  function refreshedFor(caller: Caller): Observable<Credentials> {
    return refresh$.pipe(
      defaultIfEmpty(null), // superseded by set() or clear(), or disposed of
      concatMap((settled) => {
        const own = settled?.by === 'self' && settled.snapshot.credentials;
        return own ? of(own) : credentialsFor(caller);
      }),
      catchError((error: unknown) => {
        const { credentials } = held$.getValue();
        if (credentials && isEnough(credentials, now(), caller)) return of(credentials);
        throw error;
      }),
    );
  }

  /** What is good for another `minValidityMs`, for a caller who comes now. */
  function lasting(minValidityMs = 0): Observable<Credentials> {
    return defer(() => {
      if (!(typeof minValidityMs === 'number' && minValidityMs >= 0))
        throw new RangeError('minValidityMs must be 0 or more');
      return credentialsFor(asking(minValidityMs));
    });
  }

  const current$ = lasting();
  const token$ = current$.pipe(map(tokenOf));

  /** N callers of a moment share one promise: what a caller costs is constant. */
  function sharedToken(): Promise<string> {
    if (waiting) return waiting;
    let isSettled = false as boolean;
    const settle = (): void => {
      isSettled = true;
      waiting = undefined;
    };
    const promise = firstValueFrom(token$.pipe(tap({ next: settle, error: settle })));
    if (!isSettled) waiting = promise;
    return promise;
  }

  function getCredentials({ signal, minValidityMs }: TokenOptions = {}): Promise<Credentials> {
    return orAbort(lasting(minValidityMs), signal);
  }

  function renewal(rejected: string): Observable<string> {
    return defer(() => {
      if (typeof rejected !== 'string')
        throw new TypeError('renew(rejected): access_token must be a non-empty string');
      // While an attempt has failed none is made, which would look into the store; a sibling may have done better.
      const looked$ = defer(() => (held$.getValue().failure ? silently(reread$) : EMPTY));
      return concat(ready$, looked$, credentialsFor(asking(0, rejected))).pipe(map(tokenOf));
    });
  }

  return {
    validToken$: concealed(token$),
    getValidToken(options) {
      const isPlain = !options || (options.minValidityMs === undefined && !options.signal?.aborted);
      const fresh = isPlain ? served() : undefined;
      return fresh ?? (options ? getCredentials(options).then(tokenOf) : sharedToken());
    },
    getCredentials,
    renewal,
    renew: (rejected) => firstValueFrom(renewal(rejected)),
  };
}

const tokenOf = ({ access_token }: Credentials): string => access_token;
