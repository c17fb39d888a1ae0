import {
  catchError,
  defer,
  EMPTY,
  endWith,
  finalize,
  from,
  ignoreElements,
  merge,
  noop,
  race,
  repeat,
  retry,
  share,
  shareReplay,
  Subject,
  switchMap,
  takeUntil,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import { unrefScheduler } from '../unrefScheduler.js';
import type { Commands } from './commandsOf.js';
import type { Line } from './line.js';

/** What a channel says when something may have been missed: the connection has just come to stand. */
export const MISSED = '';

/** A connection that is over, against the will of its client, is opened again after so long. */
const REOPEN_MS = 1000;

/**
 * Emits what is published on a channel, and {@link MISSED} whenever it has begun to listen; never completes or
 * errors. All channels share one connection, which is closed when nobody listens.
 */
export type Channels = (channel: string) => Observable<string>;

export function createChannels({ line$, isClosed, ready$, end$ }: Commands): Channels {
  const subjects = new Map<string, Subject<string>>();
  const channels = new Map<string, Observable<string>>();

  const delay = (): Observable<unknown> => race(timer(REOPEN_MS, unrefScheduler), ready$);
  const hear = (channel: string, message: string): void => subjects.get(channel)?.next(message);
  const open$ = line$(hear).pipe(takeUntil(end$)); // whoever closes their client wants no connection of it left
  const present$ = defer(() => (isClosed() ? EMPTY : open$)).pipe(
    repeat({ delay }),
    retry({ delay }),
    shareReplay({ bufferSize: 1, refCount: true }),
  );

  function listened(channel: string): Observable<string> {
    return defer(() => {
      const said = new Subject<string>();
      let line: Line | undefined;
      subjects.set(channel, said);
      const begun$ = present$.pipe(
        tap((present) => (line = present)),
        switchMap((present) =>
          from(present.subscribe(channel)).pipe(
            ignoreElements(),
            endWith(MISSED),
            catchError(() => EMPTY), // the connection is gone again, or we may not: whoever waits looks, too
          ),
        ),
      );
      return merge(said, begun$).pipe(
        finalize(() => {
          subjects.delete(channel);
          channels.delete(channel);
          line?.unsubscribe(channel).catch(noop);
        }),
      );
    }).pipe(share());
  }

  return (channel) =>
    defer(() => {
      const ours = channels.get(channel) ?? listened(channel);
      channels.set(channel, ours);
      return ours;
    });
}
