import {
  exhaustMap,
  filter,
  fromEvent,
  map,
  merge,
  NEVER,
  Observable,
  share,
  startWith,
  Subject,
  takeUntil,
} from 'rxjs';
import type { Version } from '../contracts.js';
import type { ChannelLike, PageLike } from './platform.js';

/** News between tabs, without a secret in it. */
export interface Hearing {
  /** Emits when somebody may have written, here or in another tab. */
  readonly heard$: Observable<unknown>;
  tell(version: Version): void;
}

/**
 * @param openChannel a new `BroadcastChannel`, where there are any
 * @param page where `storage` events are heard, and that the page is going or back
 * @param key of the web storage, for its events
 */
export function hearing(
  openChannel: (() => ChannelLike) | undefined,
  page: PageLike | undefined,
  key?: string,
): Hearing {
  const own$ = new Subject<Version>();
  let open: ChannelLike | undefined;

  const channel$ = new Observable<unknown>((subscriber) => {
    try {
      const channel = openChannel?.();
      if (!channel) return undefined;
      open = channel;
      subscriber.add(fromEvent(channel, 'message').subscribe(subscriber));
      return () => {
        open = undefined;
        channel.close();
      };
    } catch {
      return undefined; // none to be had in this frame: the storage tells, too
    }
  });
  // A page with an open channel is not kept for the way back, or not for long. It shows once without having gone.
  const channelWhileHere$ = page
    ? fromEvent(page, 'pageshow').pipe(
        startWith(null),
        exhaustMap(() => channel$.pipe(takeUntil(fromEvent(page, 'pagehide')))),
      )
    : channel$;
  const storage$ =
    page && key !== undefined
      ? fromEvent(page, 'storage').pipe(
          map((event) => (event as { key?: string | null }).key ?? null),
          filter((changed) => changed === key || changed === null), // null: it was cleared
        )
      : NEVER;

  return {
    heard$: merge(own$, channelWhileHere$, storage$).pipe(share()),
    tell(version) {
      own$.next(version);
      try {
        const channel = open ?? openChannel?.();
        channel?.postMessage({ version });
        if (channel !== open) channel?.close();
      } catch {
        // a hint; whoever missed it looks when it matters
      }
    },
  };
}
