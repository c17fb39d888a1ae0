import { defer, queueScheduler, Subject, tap, type Observable } from 'rxjs';
import type { Settled } from './aheadStore.js';
import { asStoreError } from './checkedStore.js';
import { codeLike } from './classify.js';
import type { Settings } from './config.js';
import type { Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { freshUntil } from './decide.js';
import { ConfigurationError, RefreshRejectedError, StoreError } from './errors.js';
import type { Happening, TokenEvent } from './events.js';
import type { Held } from './held.js';
import { OrderedBehaviorSubject } from './orderedSubject.js';
import { afterFailure, afterNews, afterRejection, isNewToken, newsOf } from './transitions.js';

export type HeldSubject = ReturnType<typeof heldSubject>;

/** The `BehaviorSubject` of what is held, and all that changes it: whatever is told is told from here. */
export function heldSubject(settings: Settings) {
  const held$ = new OrderedBehaviorSubject<Held>({});
  const happening$ = new Subject<TokenEvent>();
  const { scheduler } = settings;
  const now = (): number => scheduler.now();
  /** Moves with each publish: a re-read that began before it is late. */
  let epoch = 0;
  /** How many reasons there are to serve nobody: changes that are not durable yet, the end. */
  let closed = 0;

  // What the hot path needs, computed once for each change: a number to compare the clock with, and the answer.
  let servedUntil = -Infinity;
  let served!: Promise<string>;

  function hold(held: Held): void {
    if (isNewToken(held$.getValue().credentials, held.credentials)) {
      served = Promise.resolve(held.credentials.access_token);
    }
    servedUntil = closed > 0 ? -Infinity : freshUntil(held, settings);
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

  /** `onRefresh` comes after the subscribers, and whatever goes wrong in it stays there. */
  function tellCallback(credentials: Credentials): void {
    const wrong = (thrown: unknown): void => {
      const message = `onRefresh failed (${codeLike((Object(thrown) as Error).name) ?? 'unknown'})`;
      report({ type: 'callback-failed', error: new ConfigurationError(message, {}, 'callback_failed') });
    };
    const told$ = defer(() => Promise.resolve(settings.onRefresh(credentials)));
    queueScheduler.schedule(() => told$.subscribe({ error: wrong }));
  }

  /** Takes over what the store holds, if it is news. */
  function adopt(snapshot: Snapshot): void {
    const { version, dead, failure } = held$.getValue();
    const isKnown = version === snapshot.version && dead === snapshot.dead;
    if (!isKnown || failure?.error instanceof StoreError) publish({ by: 'sibling', snapshot });
  }

  return {
    held$,
    happening$,
    hold,
    report,
    publish,
    adopt,
    /** Adopts what `read$` finds, unless something is published meanwhile. */
    adopting: (read$: Observable<Snapshot>) =>
      defer(() => {
        const began = epoch;
        return read$.pipe(
          tap((snapshot) => {
            if (began === epoch) adopt(snapshot);
          }),
        );
      }),
    /** A server has refused `rejected`: in memory it ends at once. */
    strike(rejected: string | undefined): void {
      const held = held$.getValue();
      const struck = afterRejection(held, rejected);
      if (struck !== held) hold(struck); // who waits strikes again when woken: it must not be what wakes them
    },
    /** A sign-in or a sign-out: nothing of what was held before is left. */
    replace(snapshot: Snapshot, happening: Happening): void {
      epoch++;
      hold({ ...afterNews({}, snapshot, 'sibling', settings, now()), signedOut: !snapshot.credentials });
      report(happening);
    },
    fail(thrown: unknown): void {
      const error = asStoreError('store_unreadable', thrown);
      const held = afterFailure(held$.getValue(), error, settings, now());
      hold(held);
      const isFinal = error instanceof RefreshRejectedError;
      report({ type: isFinal ? 'reauthentication-required' : 'refresh-failed', ...held.failure });
    },
    /** Serves nobody from here; as often as this is called, `open` has to be. */
    close(): void {
      closed++;
      servedUntil = -Infinity;
    },
    open(): void {
      closed--;
      hold(held$.getValue());
    },
    get isClosed(): boolean {
      return closed > 0;
    },
    /** The answer for whoever comes while what is held is fresh. */
    served: (): Promise<string> | undefined => (now() < servedUntil ? served : undefined),
  };
}
