import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  retry,
  take,
  throwError,
  timeout,
  timer,
  type Observable,
} from 'rxjs';
import type { Channels } from './channels.js';
import type { Commands } from './commandsOf.js';
import { evaluate, type Answer } from './evaluate.js';
import type { Keys } from './keysOf.js';
import { isPassing, isUnknown, lateError, redisError } from './redisError.js';
import type { Script } from './scripts.js';

/** One credential on one server, and who we are there. */
export interface Site {
  readonly keys: Keys;
  readonly leaseMs: number;
  /** For people. */
  readonly by: string;
  readonly channels: Channels;
  readonly ask: Ask;
}

/** Runs a script: emits its answer once, or errors, typed and in time. */
export type Ask = (script: Script, ...words: string[]) => Observable<Answer>;

/** Between two tries. */
const AGAIN_MS = 50;

/**
 * Asks the server, and waits so long for an answer, through a restart of the server if need be. Never lets a
 * command lie in the queue of a client that has no connection: it could be carried out hours later.
 */
export function createAsk(commands: Commands, keys: Keys, answerMs: number): Ask {
  const connected$ = defer(() =>
    commands.isOffline() ? commands.ready$.pipe(take(1), ignoreElements()) : EMPTY,
  );
  return (script, ...words) => {
    const answered$ = defer(() => {
      const left = new AbortController();
      const all = [keys.record, keys.lock, asideOf(keys)] as const;
      return from(evaluate(commands, script, all, words, left.signal)).pipe(finalize(() => left.abort()));
    });
    const mayTryAgain = (error: unknown): boolean =>
      isPassing(error) || (isUnknown(error) && !commands.isClosed());
    return concat(connected$, answered$).pipe(
      retry({ delay: (error: unknown) => (mayTryAgain(error) ? timer(AGAIN_MS) : throwError(() => error)) }),
      timeout({ first: answerMs, with: () => throwError(lateError) }),
      catchError((error: unknown) =>
        throwError(() => redisError(script, keys.record, error, commands.isClosed())),
      ),
    );
  };
}

function asideOf({ aside }: Keys): string {
  return aside + new Date().toISOString().replaceAll(':', '-');
}
