import { watch } from 'node:fs';
import { basename } from 'node:path';
import {
  auditTime,
  connect,
  defer,
  distinctUntilKeyChanged,
  filter,
  finalize,
  ignoreElements,
  map,
  merge,
  Observable,
  pairwise,
  share,
  startWith,
  Subject,
  switchMap,
  tap,
} from 'rxjs';
import { unrefScheduler } from '../unrefScheduler.js';
import { look, type Entry } from './look.js';

/** A replacement is told of more than once; and whoever is replacing the file here need not wait for a look at it. */
const SETTLE_MS = 2;

/** The watchers of this process, by path and period. */
const watchers = new Map<string, Observable<unknown>>();

/**
 * Emits whenever the file at `path` may have changed, and never completes or errors. All who watch a path
 * as often share one watcher, which ends with the last of them and keeps no process alive.
 */
export function watchFile(path: string, restatMs: number): Observable<unknown> {
  return defer(() => {
    const key = `${restatMs} ${path}`;
    const ours =
      watchers.get(key) ??
      watched(path, restatMs).pipe(
        finalize(() => watchers.delete(key)),
        share(),
      );
    watchers.set(key, ours);
    return ours;
  });
}

/**
 * Looks when the system notifies, which is soon; and now and then all the same, because some file systems
 * do not notify, and a folder on the way may be replaced unnoticed. Each look may find other folders to watch.
 */
function watched(path: string, restatMs: number): Observable<unknown> {
  const notified$ = new Subject<boolean>();
  let failures = 0;
  return merge(everyMs(restatMs), notified$).pipe(
    startWith(false), // at once: nothing that is written after subscribing goes unheard
    map((notified) => ({ ...look(path, failures), notified })),
    connect((looks$) =>
      merge(
        looks$.pipe(
          pairwise(),
          filter(([before, now]) => now.notified || now.content !== before.content),
        ),
        looks$.pipe(
          distinctUntilKeyChanged('place'),
          switchMap(({ entries }) =>
            merge(...entries.map((entry) => notifications(entry, () => failures++))),
          ),
          auditTime(SETTLE_MS, unrefScheduler),
          tap(() => notified$.next(true)),
          ignoreElements(),
        ),
      ),
    ),
  );
}

/** Of the folder, filtered by name: watching a file hears only its first replacement. */
function notifications({ folder, name }: Entry, onFailure: () => void): Observable<unknown> {
  return new Observable((subscriber) => {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, changed) => {
        // by its own name a folder says that it is gone
        if (changed === null || changed === name || changed === basename(folder)) subscriber.next(changed);
      });
      watcher.on('error', onFailure);
      return () => watcher.close();
    } catch {
      onFailure(); // none to be had: the next look tries again
      return undefined;
    }
  });
}

function everyMs(periodMs: number): Observable<false> {
  return new Observable((subscriber) => {
    const timer = setInterval(() => subscriber.next(false), periodMs);
    timer.unref();
    return () => clearInterval(timer);
  });
}
