import type { Observable, SchedulerLike } from 'rxjs';
import type { Faults } from './faults.js';
import type { LoopbackServer } from './listenOnLoopback.js';
import type { LoggedRequest, RequestCounters } from './requestLog.js';
import type { Rotation, TokenName } from './tokenFamilies.js';
import type { Reply, TokenRequest } from './wire.js';

export interface FakeAuthorizationServerConfig {
  /** Default `strict`: the one that forgives nothing is the better judge. */
  readonly rotation?: Rotation | undefined;
  /** Ms, default 3 600 000. */
  readonly accessTokenLifetimeMs?: number | undefined;
  /**
   * What to send as `expires_in`. Default: the true rest of the lifetime, in seconds, with fractions if there
   * are any. A value is sent as it is, whatever the true lifetime; of a function, given those seconds, what it
   * returns, and `undefined` leaves the field out.
   */
  readonly expiresIn?: unknown;
  /** From a client's asking to its hearing, in ms; default 0. The server commits when it is asked. */
  readonly latencyMs?: number | (() => number) | undefined;
  /** The server's clock, and what runs every delay. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /** Of the tokens' spelling; default 1. */
  readonly seed?: number | undefined;
  /** How tokens are spelled. Default: `access-1-` or `refresh-1-` and 16 random characters. */
  readonly tokenName?: TokenName | undefined;
  /** True: an access token ends when the refresh token that came with it is used. Default false. */
  readonly endsPreviousAccessToken?: boolean | undefined;
  /** The last word on every answer, before faults: to spell it as some provider does. Default: none. */
  readonly reply?: ((reply: Reply, request: TokenRequest) => Reply) | undefined;
}

/** A successful answer (RFC 6749 §5.1), as it went over the wire: no `expires_at`. */
export interface FakeTokenResponse {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in?: number;
  readonly refresh_token?: string;
  readonly scope?: string;
  readonly [field: string]: unknown;
}

/** The other kind of answer (RFC 6749 §5.2). */
export interface FakeErrorResponse {
  readonly error: string;
  readonly error_description?: string;
  readonly [field: string]: unknown;
}

/** What a manager passes to `refresh` and `acquire`, as far as this server cares. */
export interface ClientContext {
  readonly signal?: AbortSignal | undefined;
}

export interface FakeAuthorizationServer {
  /**
   * A new family of tokens, as the answer that would bring them. Fields given here replace those of the
   * answer (`undefined` leaves one out); tokens, a scope and a number of seconds given here are the true ones.
   */
  signIn(overrides?: Readonly<Record<string, unknown>>): FakeTokenResponse;
  /** A refresh token takes its whole family with it, an access token goes alone (RFC 7009 §2.1). */
  revoke(token: string): void;
  /** Whether the resource server would let a request with it pass. */
  isAccessTokenValid(token: string): boolean;
  /** Whether a refresh with it would be granted. Asking is no request: this is for the judge. */
  isRefreshTokenValid(token: string): boolean;

  readonly faults: Faults;
  /** A copy of the sums so far. */
  readonly counters: RequestCounters;
  /** Every request to the token endpoint, in the order of arrival. */
  readonly log: readonly LoggedRequest[];
  /** How often each refresh token was presented. */
  readonly presented: ReadonlyMap<string, number>;

  /**
   * The refresh grant without a network: each subscription is one request, answered once, after `latencyMs`
   * (at once, synchronously, if that is 0) and by nothing but the scheduler, so that it runs in virtual time.
   * Can be passed as a manager's `refresh` as it is.
   *
   * Emits the body of an answer with status 2xx, and of a refusal (400, 401 or 403 with an `error`), as a
   * client does that never looks at the status. Errors, as HTTP clients do, with `status`, `headers` and
   * `body` for any other answer, with a `TypeError` caused by `ECONNRESET` for a lost connection, and with the
   * signal's reason. Unsubscribing does not stop the server.
   */
  refresh(
    previous: { readonly refresh_token?: string },
    context?: ClientContext,
  ): Observable<FakeTokenResponse | FakeErrorResponse>;
  /** The client credentials grant; otherwise as `refresh`. Can be passed as a manager's `acquire`. */
  acquire(context?: ClientContext): Observable<FakeTokenResponse | FakeErrorResponse>;
  /**
   * Any token request, with the whole answer: emits once and completes, errors if the connection is lost, and
   * does neither, ever, if it hangs. Each subscription is one request. To build other faces on.
   */
  answer(form: TokenRequest['form'], headers?: TokenRequest['headers']): Observable<Reply>;
  /**
   * Listens on 127.0.0.1, with Node's own `http`. POST `/token` takes forms (RFC 6749); any request to
   * `/resource` needs a bearer token (RFC 6750), and to `/resource?scope=…` one of that scope.
   *
   * @param port default 0: one that is free
   */
  listen(port?: number): Promise<LoopbackServer>;
}
