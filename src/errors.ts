/** What can go wrong, as a stable word: the contract. Messages may change, codes do not. */
export type TokenErrorCode =
  | 'refresh_rejected'
  | 'rotation_lost'
  | 'configuration'
  | 'callback_failed'
  | 'refresh_unavailable'
  | 'store_unreadable'
  | 'store_corrupt'
  | 'store_unwritable'
  | 'lock_timeout'
  | 'no_credentials'
  | 'disposed';

/** What a provider said of a refusal, as far as it is safe to show. */
export interface TokenErrorDetails {
  /** Its own error code (RFC 6749 §5.2). */
  readonly error?: string | undefined;
  /** The HTTP status of its answer. */
  readonly status?: number | undefined;
}

/**
 * The base of everything this library throws, but for misuse (`TypeError`, `RangeError`) and a caller's own
 * abort. Holds no token, body or URL, and no foreign `cause`, which might.
 */
export abstract class TokenError extends Error implements TokenErrorDetails {
  declare readonly code: TokenErrorCode;
  /** Epoch ms before which nobody here will try again; `undefined` where trying again is not the remedy. */
  declare readonly retryAt?: number;
  declare readonly error?: string | undefined;
  declare readonly status?: number | undefined;

  constructor(code: TokenErrorCode, message: string, details?: TokenErrorDetails) {
    super(message);
    Object.assign(this, { code }, details);
  }

  /** Bundlers rename classes; a log should not show it. */
  override get name(): string {
    return `TokenError[${this.code}]`;
  }
}

/**
 * Terminal: the provider refused the refresh token. A new sign-in, `set()`, is the remedy.
 *
 * `rotation_lost`: an earlier answer never arrived, and had most likely carried the next refresh token.
 */
export class RefreshRejectedError extends TokenError {
  declare readonly code: 'refresh_rejected' | 'rotation_lost';
  /** Of `rotation_lost`: epoch ms at which the request was sent whose answer was lost. */
  declare readonly lostAt?: number | undefined;

  constructor({ error, status }: TokenErrorDetails = {}, lostAt?: number) {
    const lost = lostAt !== undefined && `: rotation lost at ${new Date(lostAt).toISOString()}`;
    super(
      lost ? 'rotation_lost' : 'refresh_rejected',
      `The provider refused the refresh token${lost || ''}. Sign in again and call set()`,
      { error, status, lostAt } as TokenErrorDetails,
    );
  }
}

/** The request or the callback is wrong (`callback_failed`), not the credentials, which are kept. */
export class ConfigurationError extends TokenError {
  declare readonly code: 'configuration' | 'callback_failed';

  constructor(
    message: string,
    details?: TokenErrorDetails,
    code: 'configuration' | 'callback_failed' = 'configuration',
  ) {
    super(code, message, details);
  }
}

/** Transient: no new token could be had. The credentials are kept; `retryAt` says when the next try is. */
export class RefreshUnavailableError extends TokenError {
  declare readonly code: 'refresh_unavailable';
  /** True when the request was sent and its answer lost: the provider may have rotated the token. */
  declare readonly ambiguous?: boolean;
  /** What the provider asked for (`Retry-After`), in ms from its answer. */
  declare readonly retryAfterMs?: number | undefined;

  constructor(
    message: string,
    details?: TokenErrorDetails & {
      readonly ambiguous?: boolean;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super('refresh_unavailable', message, details);
  }
}

/** The store could not be read, holds what is no credential, or could not be written. Nothing was overwritten. */
export class StoreError extends TokenError {
  declare readonly code: 'store_unreadable' | 'store_corrupt' | 'store_unwritable';
  /** The system's own code, such as `EACCES` or `ENOSPC`. */
  declare readonly reason?: string;

  constructor(code: StoreError['code'], message: string, reason?: string) {
    super(code, message, { reason } as TokenErrorDetails);
  }
}

/** Somebody else held the refresh lock for longer than `lockTimeoutMs`. Retryable. */
export class LockTimeoutError extends TokenError {
  declare readonly code: 'lock_timeout';

  constructor(message: string) {
    super('lock_timeout', message);
  }
}

/** Nobody is signed in, and there is nothing to sign in with. */
export class NoCredentialsError extends TokenError {
  declare readonly code: 'no_credentials';

  constructor() {
    super('no_credentials', 'Nobody is signed in: call set(), or configure acquire');
  }
}

/** The manager was disposed of. */
export class DisposedError extends TokenError {
  declare readonly code: 'disposed';

  constructor() {
    super('disposed', 'The manager was disposed of');
  }
}

/** True where a request was sent and its answer lost: the provider may have rotated the token. */
export function isLost(error: unknown): boolean {
  return error instanceof RefreshUnavailableError && !!error.ambiguous;
}

/** A compare-and-set that somebody else has won, with what cannot be read here. */
const OVERTAKEN = 'ESTALE';

export const overtakenBy = ({ code, message }: StoreError): StoreError =>
  new StoreError(code, message, OVERTAKEN);

export const isOvertaken = (error: unknown): boolean => (error as StoreError).reason === OVERTAKEN;

const told = new WeakSet<object>();

/** Tells whoever gets `error` when the next attempt is: errors are made where they happen, plans elsewhere. */
export function tell(error: TokenError, retryAt: number): void {
  told.add(error);
  if (retryAt < Infinity) Object.assign(error, { retryAt });
}

/** True for what a manager has said of its own credentials. */
export function isTold(error: TokenError): boolean {
  return told.has(error);
}
