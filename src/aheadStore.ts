import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  endWith,
  finalize,
  NEVER,
  of,
  onErrorResumeNextWith,
  race,
  retry,
  startWith,
  switchMap,
  take,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import type { CheckedLease, CheckedStore } from './checkedStore.js';
import type { Settings } from './config.js';
import { ANY_VERSION, type Snapshot, type WriteResult } from './contracts.js';
import { asCredentials, type Credentials } from './credentials.js';
import { isOvertaken, type TokenError } from './errors.js';
import type { By, Happening } from './events.js';
import { isSamePair } from './fingerprint.js';
import { createMutex, type Mutex } from './mutex.js';
import { defaultRetry } from './retryPolicy.js';
import { silently } from './silently.js';

/** What a refresh brought: this manager's own new token, or what a sibling had left in the store. */
export interface Settled {
  readonly by: By;
  readonly snapshot: Snapshot;
  /** Why the store does not hold it yet. */
  readonly unsaved?: TokenError;
}

/** A rotated token that the store has not taken yet, and the lock that is kept until it has. */
interface Ahead {
  readonly snapshot: Snapshot;
  readonly lease: CheckedLease;
  readonly error: TokenError;
}

/** A store of which memory can be ahead: what it could not be made to hold is read from memory until it does. */
export interface AheadStore extends CheckedStore {
  readonly ahead: Ahead | null;
  /** For a refresh while memory is ahead: the lock is not let go in between. */
  readonly inTurn: Mutex;
  /**
   * Emits `next` at once, as unsaved, and again when it is saved over `base`, and completes. Tries for ever;
   * unsubscribing drops it.
   */
  keep(next: Credentials, base: Snapshot, lease: CheckedLease, error: TokenError): Observable<Settled>;
}

/** Saving what was rotated is worth keeping a process alive for, but not for ever. */
const HOLDS_PROCESS_MS = 10_000;

/** How soon after a hint to try again: it may be the attempt itself that has made the store hint. */
const BACK_MS = 250;

export function aheadStore(
  store: CheckedStore,
  { store: { changes$ }, scheduler, background, random, strictPersist }: Settings,
  report: (happening: Happening) => void,
): AheadStore {
  let ahead: Ahead | null = null;
  let moves = 0;
  /** Whatever is stored by now. */
  const heard$ = changes$.pipe(
    onErrorResumeNextWith(NEVER),
    switchMap(() => store.read$.pipe(catchError(() => EMPTY))),
  );
  const inTurn = createMutex();

  function advance(credentials: Credentials | null, kept: Omit<Ahead, 'snapshot'>): Snapshot {
    const snapshot = { credentials: credentials && asCredentials(credentials), version: `ahead ${++moves}` };
    ahead = { ...kept, snapshot };
    return snapshot;
  }

  /** The lock, without the store's notes: they tell of what it holds, and that is spent. */
  function unnoted(lease: CheckedLease): CheckedLease {
    return {
      signal: lease.signal,
      remainingMs: () => lease.remainingMs(),
      prepare: () => EMPTY,
      acquit: () => EMPTY,
      condemn: () => {
        if (ahead) ahead = { ...ahead, snapshot: { ...ahead.snapshot, dead: true } };
        return EMPTY;
      },
    };
  }

  return {
    get ahead() {
      return ahead;
    },
    inTurn,
    read$: defer(() => (ahead && !strictPersist ? of(ahead.snapshot) : store.read$)),
    write: (next, expected) =>
      defer(() => {
        // A sign-in or a sign-out is for the store itself, and ends this.
        if (expected === ANY_VERSION) return store.write(next, expected).pipe(tap(() => (ahead = null)));
        if (!ahead || strictPersist) return store.write(next, expected);
        const written = expected === ahead.snapshot.version;
        return of({ written, snapshot: written ? advance(next, ahead) : ahead.snapshot });
      }),
    keep(next, base, lease, error) {
      const until = scheduler.now() + HOLDS_PROCESS_MS;
      let attempt = 0;
      const kept = (): Credentials => ahead?.snapshot.credentials ?? next;
      const lent = { lease: unnoted(lease), error };
      const saved = ({ written, snapshot }: WriteResult): Observable<Settled> => {
        if (!written && isSamePair(base.credentials, snapshot.credentials)) {
          // Another tool touched another field: what is ours is what has changed since then.
          const [before, ours, merged] = [base.credentials, kept(), { ...snapshot.credentials }];
          for (const field in { ...before, ...ours }) {
            if (JSON.stringify(ours[field]) !== JSON.stringify(before?.[field])) merged[field] = ours[field];
          }
          base = snapshot;
          advance(merged as Credentials, lent);
          throw error;
        }
        const credentials = kept();
        const dead = written ? ahead?.snapshot.dead : snapshot.dead;
        ahead = null;
        report({ type: 'persisted' });
        // What the provider has said of it meanwhile is noted where it is now.
        const noted$ = written && dead ? silently(lease.condemn(credentials)) : EMPTY;
        return noted$.pipe(
          endWith<Settled>({
            by: written && strictPersist ? 'self' : 'sibling',
            snapshot: { ...snapshot, dead },
          }),
        );
      };
      const saved$ = defer(() => {
        const delayMs = defaultRetry(++attempt, error, random);
        const leftMs = until - scheduler.now();
        const retry$ = leftMs > 0 ? timer(Math.min(delayMs, leftMs), scheduler) : timer(delayMs, background);
        // Whoever writes other tokens meanwhile has signed in: that ends this. And a store that hints and can be read
        // may have come back, with siblings that will find the spent token there.
        const news$ = heard$.pipe(
          switchMap((found) =>
            isSamePair(found.credentials, base.credentials) ? timer(BACK_MS, background) : of(null),
          ),
        );
        return race(retry$, news$).pipe(take(1));
      }).pipe(
        concatMap(() => inTurn(() => store.write(kept(), base.version).pipe(concatMap(saved)))),
        retry({
          delay: (thrown) => {
            if (isOvertaken(thrown)) throw thrown;
            return of(null);
          },
        }),
        finalize(() => (ahead = null)),
      );
      return defer(() => {
        report({ type: 'persist-failed', error });
        return saved$.pipe(
          startWith<Settled>({
            by: strictPersist ? 'sibling' : 'self', // whoever hears of it late looks into the store, or takes it
            snapshot: advance(next, lent),
            unsaved: error,
          }),
        );
      });
    },
  };
}
