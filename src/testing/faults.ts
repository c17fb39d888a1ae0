import type { TokenRequest } from './wire.js';

/** How a connection ends without an answer: `reset` at once, `hang` never. */
export type Drop = 'reset' | 'hang';

/**
 * What goes wrong with one request. A server goes on when its client has left: what it would commit, it
 * commits.
 */
export interface Fault {
  /** Before the server commits anything, in ms. Default 0. */
  readonly delayMs?: number | undefined;
  /** After it has committed and before it answers, in ms. Default 0. */
  readonly replyDelayMs?: number | undefined;
  /** The request is lost: the server does nothing, and the client hears nothing. */
  readonly dropBeforeCommit?: Drop | undefined;
  /** The answer is lost: the server has rotated, and the client never hears of it. */
  readonly commitThenDropReply?: Drop | undefined;
  /** In place of the answer's status. */
  readonly status?: number | undefined;
  /** Beside the answer's headers, or in their place; lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In place of the answer's body; a function is given the body that it replaces, such as to cut it short. */
  readonly body?: unknown;
  /**
   * Whether the server does what was asked, whatever it answers. Default: not if `status` or `body` replace
   * the answer, except where `body` is a function of it.
   */
  readonly commits?: boolean | undefined;
  /** The server does not rotate this time, and leaves `refresh_token` out. */
  readonly omitRefreshToken?: boolean | undefined;
  /** The server does not rotate this time, and sends `"refresh_token": ""`. */
  readonly blankRefreshToken?: boolean | undefined;
  /** The server gives the same access token again, until it lasts no longer than this, in ms. */
  readonly sameAccessTokenUntilMs?: number | undefined;
}

export interface Faults {
  /** Each of these befalls one request, in this order, after those queued before. */
  next(...faults: readonly Fault[]): void;
  /** Befalls every request for which the queue is empty; a function may look at the request. */
  always(fault: Fault | ((request: TokenRequest) => Fault | undefined)): void;
  /** All is well again. */
  clear(): void;
}

/** The faults to come, and the one that falls to a request. */
export function faultQueue(): Faults & { take(request: TokenRequest): Fault } {
  let queue: Fault[] = [];
  let standing: (request: TokenRequest) => Fault | undefined = () => undefined;
  return {
    next(...faults) {
      queue.push(...faults);
    },
    always(fault) {
      standing = typeof fault === 'function' ? fault : () => fault;
    },
    clear() {
      queue = [];
      standing = () => undefined;
    },
    take: (request) => queue.shift() ?? standing(request) ?? {},
  };
}

/** See {@link Fault.commits}. */
export function commits(fault: Fault): boolean {
  if (fault.dropBeforeCommit !== undefined) return false;
  const replaced =
    fault.status !== undefined || (fault.body !== undefined && typeof fault.body !== 'function');
  return fault.commits ?? !replaced;
}
