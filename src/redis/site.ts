import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  noop,
  retry,
  take,
  takeUntil,
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
export interface Site extends Questions {
  readonly keys: Keys;
  readonly leaseMs: number;
  /** For people. */
  readonly by: string;
  readonly channels: Channels;
}

/** Runs a script: emits its answer once, or errors, typed and in time. */
type Ask = (script: Script, ...words: string[]) => Observable<Answer>;

export interface Questions {
  readonly ask: Ask;
  /** As `ask`; `sent` is told the fate of each command, which a client may carry out long after this has failed. */
  readonly askTelling: (
    sent: (answer: Promise<Answer>) => void,
    ...asked: Parameters<Ask>
  ) => Observable<Answer>;
  /** For as long as it takes, while there is a client. Errors as the client does. */
  readonly insist: Ask;
}

/** Between two tries. */
const AGAIN_MS = 50;

/**
 * Asks the server, and waits so long for an answer, through a restart of the server if need be. Never lets a
 * command lie in the queue of a client that has no connection: it could be carried out hours later.
 */
export function createQuestions(commands: Commands, keys: Keys, answerMs: number): Questions {
  const connected$ = defer(() =>
    commands.isOffline() ? commands.ready$.pipe(take(1), ignoreElements()) : EMPTY,
  );
  const mayTryAgain = (error: unknown): boolean =>
    isPassing(error) || (isUnknown(error) && !commands.isClosed());

  const tried: Questions['askTelling'] = (sent, script, ...words) => {
    const answered$ = defer(() => {
      const left = new AbortController();
      const all = [keys.record, keys.lock, asideOf(keys)] as const;
      const answer = evaluate(commands, script, all, words, left.signal);
      sent(answer);
      return from(answer).pipe(finalize(() => left.abort()));
    });
    return concat(connected$, answered$).pipe(
      retry({ delay: (error: unknown) => (mayTryAgain(error) ? timer(AGAIN_MS) : throwError(() => error)) }),
    );
  };
  const askTelling: Questions['askTelling'] = (sent, script, ...words) =>
    tried(sent, script, ...words).pipe(
      timeout({ first: answerMs, with: () => throwError(lateError) }),
      catchError((error: unknown) =>
        throwError(() => redisError(script, keys.record, error, commands.isClosed())),
      ),
    );

  return {
    askTelling,
    ask: (...asked) => askTelling(noop, ...asked),
    insist: (...asked) => tried(noop, ...asked).pipe(takeUntil(commands.end$)),
  };
}

function asideOf({ aside }: Keys): string {
  return aside + new Date().toISOString().replaceAll(':', '-');
}
