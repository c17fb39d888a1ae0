import {
  catchError,
  concatMap,
  defer,
  map,
  of,
  throwError,
  type Observable,
  type ObservableInput,
} from 'rxjs';
import { discard } from './discard.js';
import { isRejected as isRejectedByDefault } from './isRejected.js';
import type { TokenManager } from './tokenManager.js';

export interface WithTokenOptions {
  /**
   * Whether what `send` has emitted, or errored with, says that the token was refused. By default a 401 of
   * `Response`, `AjaxError`, `AxiosError` and the like, unless its challenge names another reason than
   * `invalid_token` (RFC 6750 §3.1), and `UNAUTHENTICATED` of gRPC.
   */
  readonly isRejected?: ((responseOrError: unknown) => boolean) | undefined;
}

/**
 * A request with a valid token: takes one, sends, and emits and completes as `send` does. Where the token is
 * refused it is renewed, and the request sent once more; what comes of that is passed on whatever it is. A later
 * token never sends again.
 *
 * Cold. Errors as `validToken$` does where nothing could be sent; if renewing fails, the first refusal is
 * passed on, and is an error if it was one, its `cause` why.
 * Unsubscribing cancels the request, and no refresh that others may wait for.
 *
 * ```
 * token            a-----------b|      renewed
 * send(a)          ---(401)
 * send(b)                      ---r|
 * emits            ---------------r|
 * ```
 *
 * @param send called with an access token, at most twice
 */
export function withToken<T>(
  tokens: Pick<TokenManager, 'validToken$' | 'renewal'>,
  send: (token: string) => ObservableInput<T>,
  { isRejected = isRejectedByDefault }: WithTokenOptions = {},
): Observable<T> {
  const passed = (value: T): T => {
    if (isRejected(value)) throw new Refusal(value);
    return value;
  };
  return tokens.validToken$.pipe(
    concatMap((token) =>
      defer(() => send(token)).pipe(
        map(passed),
        catchError((error: unknown) => {
          const refused = error instanceof Refusal ? (error as Refusal<T>) : undefined;
          if (!refused && !isRejected(error)) throw error;
          const blamed = (cause: unknown): Observable<string> => {
            // That of Angular is no `Error`, and a frozen one stays as it is.
            if (Object(error) === error && !(error as Error).cause)
              Reflect.set(error as Error, 'cause', cause);
            return of(token);
          };
          return tokens.renewal(token).pipe(
            catchError(blamed),
            concatMap((renewed) => {
              if (renewed === token) return refused ? of(refused.first) : throwError(() => error);
              discard((refused?.first as Partial<Response> | undefined)?.body);
              return send(renewed);
            }),
          );
        }),
      ),
    ),
  );
}

/** An answer that refuses, on its way through the stream. */
class Refusal<T> extends Error {
  constructor(readonly first: T) {
    super();
  }
}
