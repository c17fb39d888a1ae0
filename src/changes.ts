import {
  concat,
  concatMap,
  defer,
  EMPTY,
  firstValueFrom,
  ignoreElements,
  lastValueFrom,
  of,
  tap,
  type Observable,
  type Subject,
} from 'rxjs';
import { MAX_TRIES, restless, type CheckedStore } from './checkedStore.js';
import type { Settings } from './config.js';
import { ANY_VERSION } from './contracts.js';
import { assertCredentials, type Credentials } from './credentials.js';
import { ConfigurationError, TokenError } from './errors.js';
import type { Happening } from './events.js';
import { isSamePair } from './fingerprint.js';
import { firstCredentials } from './firstCredentials.js';
import type { HeldSubject } from './heldSubject.js';
import type { Mutex } from './mutex.js';
import { silently } from './silently.js';
import type { ClearOptions, TokenManager } from './tokenManager.js';
import { afterRejection } from './transitions.js';

/**
 * What is changed from outside: `set`, `clear` and `invalidate`. One after the other, each done when durable;
 * until then nobody is served.
 *
 * @param superseded$ emits when a change is durable that a flight must not bring anything over
 */
export function changes(
  { scheduler, profile }: Settings,
  subject: HeldSubject,
  store: CheckedStore,
  inTurn: Mutex,
  superseded$: Subject<void>,
): Pick<TokenManager, 'set' | 'clear' | 'invalidate'> {
  function change(effect: Observable<unknown>): Promise<void> {
    subject.close();
    // An effect that failed leaves the timer to be armed again.
    const changed$ = effect.pipe(tap({ error: subject.open, complete: subject.open }), ignoreElements());
    return firstValueFrom(
      inTurn(() => changed$),
      { defaultValue: undefined },
    );
  }

  /** Once this is durable, what a flight may still bring is for nobody; until then it waits for its turn. */
  function replace(
    credentials: Credentials | null,
    happening: Happening,
    before$: Observable<never> = EMPTY,
  ): Promise<void> {
    const written$ = store.write(credentials, ANY_VERSION).pipe(
      tap(({ snapshot }) => {
        // Who sets what is held would lose, with the flight, what it has become: the flight saves over it.
        const isHeld = credentials && isSamePair(subject.held$.getValue().credentials, credentials);
        subject.replace(snapshot, happening);
        if (!isHeld) superseded$.next();
      }),
    );
    return change(concat(before$, written$));
  }

  /** Durably due, unless somebody was faster: what is struck is what was seen. */
  function strike(rejected: string | undefined, tries = MAX_TRIES): Observable<unknown> {
    return store.read$.pipe(
      concatMap((found): Observable<unknown> => {
        const struck = afterRejection(found, rejected);
        if (struck === found) return of(subject.adopt(found));
        return store.write(struck.credentials, found.version).pipe(
          concatMap(({ written, snapshot }) => {
            if (!written && tries) return strike(rejected, tries - 1);
            if (!written) throw restless();
            subject.publish({ by: 'sibling', snapshot }); // no grant, and no news but this:
            subject.report({ type: 'invalidated' });
            return EMPTY;
          }),
        );
      }),
    );
  }

  return {
    set(given) {
      assertCredentials(given, 'set(credentials)');
      const credentials = firstCredentials(given, scheduler.now(), profile.defaultLifetimeMs);
      return replace(credentials, { type: 'set', by: 'self' });
    },
    async clear({ revoke } = {}) {
      let held = subject.held$.getValue().credentials; // unless the store knows better
      const seen$ = revoke
        ? silently(store.read$.pipe(tap(({ credentials }) => (held = credentials))))
        : EMPTY;
      await replace(null, { type: 'cleared', by: 'self' }, seen$);
      if (held) await revokedBy(revoke, held);
    },
    invalidate(rejected) {
      subject.strike(rejected);
      // What was seen, and not what a flight may bring before this has its turn.
      return change(strike(rejected ?? subject.held$.getValue().credentials?.access_token));
    },
  };
}

/** The sign-out stands, whatever comes of it; what a foreign function throws may hold a token. */
async function revokedBy(revoke: ClearOptions['revoke'], credentials: Credentials): Promise<void> {
  const revoked$ = defer(() => revoke?.(credentials) ?? EMPTY);
  await lastValueFrom(revoked$, { defaultValue: undefined }).catch((thrown: unknown) => {
    throw thrown instanceof TokenError
      ? thrown
      : new ConfigurationError('Signed out, but revoke failed', {}, 'callback_failed');
  });
}
