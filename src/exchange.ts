import {
  catchError,
  concatMap,
  defer,
  finalize,
  first,
  map,
  ReplaySubject,
  takeUntil,
  tap,
  timeout,
  timer,
  type Observable,
} from 'rxjs';
import { classifyAnswer, classifyThrown } from './classify.js';
import type { Settings } from './config.js';
import { asCredentials, type Credentials } from './credentials.js';
import { RefreshUnavailableError, TokenError } from './errors.js';
import { orElseThrow } from './orElseThrow.js';
import { answerOn, fromCallback, readAnswer } from './readAnswer.js';
import type { TokenResponse } from './tokenResponse.js';

/** A token response, and when it was asked for (epoch ms): its lifetime counts from there. */
export interface Granted {
  readonly response: TokenResponse;
  readonly sentAt: number;
}

/**
 * One request to the provider. Emits once what it granted and completes, or errors with a {@link TokenError}:
 * after `refreshTimeoutMs` with an ambiguous one. Unsubscribing aborts the request.
 *
 * @param late gets an observable of the answer that may still come after the timeout, for another
 *   `refreshTimeoutMs`: the provider may have rotated the token, and this is where its successor is
 */
export function exchange(
  { ask, profile, scheduler, background, refreshTimeoutMs }: Settings,
  previous: Credentials | null,
  attempt: number,
  late: (answer$: Observable<Granted>) => void,
): Observable<Granted> {
  return defer(() => {
    const aborting = new AbortController();
    const now = (): number => scheduler.now();
    const sentAt = now();
    const answer$ = new ReplaySubject<Granted>(1);
    const running = fromCallback(() => ask(previous, { signal: aborting.signal, profile, attempt }))
      .pipe(
        first(),
        concatMap((value) => readAnswer(value, now)),
        catchError((thrown: unknown) => answerOn(thrown, now)),
        map((answer) => {
          const response = classifyAnswer(answer, profile);
          if (response instanceof TokenError) throw response;
          return { response: asCredentials(response as Credentials), sentAt }; // what no store could keep is a bug
        }),
        orElseThrow((thrown) => classifyThrown(thrown, profile, now())),
      )
      .subscribe(answer$);

    const giveUp = (): never => {
      aborting.abort();
      late(
        answer$.pipe(
          takeUntil(timer(refreshTimeoutMs, background)), // nobody waits for it any more
          finalize(() => running.unsubscribe()),
        ),
      );
      throw new RefreshUnavailableError('The provider did not answer in time', { ambiguous: true });
    };
    return answer$.pipe(
      timeout({ first: refreshTimeoutMs, scheduler, with: giveUp }),
      tap({
        unsubscribe: () => {
          aborting.abort();
          running.unsubscribe();
        },
      }),
    );
  });
}
