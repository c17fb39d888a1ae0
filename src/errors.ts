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

export interface TokenErrorDetails {
  /** The provider's own error code (RFC 6749 §5.2), if it gave one that is safe to show. */
  readonly error?: string | undefined;
  /** The HTTP status of its answer. */
  readonly status?: number | undefined;
}

/**
 * The base of everything this library throws, but for misuse (`TypeError`, `RangeError`) and a caller's own
 * abort. Holds no token, body or URL, and no foreign `cause`, which might.
 */
export abstract class TokenError extends Error {
  abstract readonly code: TokenErrorCode;
  /** Epoch ms before which nobody here will try again; `undefined` where trying again is not the remedy. */
  readonly retryAt: number | undefined;
  readonly error: string | undefined;
  readonly status: number | undefined;

  constructor(message: string, details: TokenErrorDetails = {}) {
    super(message);
    this.error = details.error;
    this.status = details.status;
  }

  /** Bundlers rename classes; a log should not show it. */
  override get name(): string {
    return `TokenError[${this.code}]`;
  }
}

/** Terminal: the provider refused the refresh token. `set()` (a new sign-in) is the remedy. */
export class RefreshRejectedError extends TokenError {
  /** `rotation_lost`: an earlier answer never arrived, and had most likely carried the next refresh token. */
  override readonly code: 'refresh_rejected' | 'rotation_lost';
  /** Of `rotation_lost`: epoch ms at which the lost request was sent. */
  readonly lostAt: number | undefined;

  constructor(details: TokenErrorDetails = {}, lostAt?: number) {
    super(
      lostAt === undefined
        ? 'The provider refused the refresh token; sign in again and call set()'
        : `The provider refused the refresh token after the answer to a refresh sent at ${new Date(lostAt).toISOString()} was lost (rotation lost); sign in again and call set()`,
      details,
    );
    this.code = lostAt === undefined ? 'refresh_rejected' : 'rotation_lost';
    this.lostAt = lostAt;
  }
}

/** The request or the callback is wrong, not the credentials, which are kept. */
export class ConfigurationError extends TokenError {
  constructor(
    message: string,
    details: TokenErrorDetails = {},
    override readonly code: 'configuration' | 'callback_failed' = 'configuration',
  ) {
    super(message, details);
  }
}

/** Transient: no new token could be had; the credentials are kept, and `retryAt` says when the next try is. */
export class RefreshUnavailableError extends TokenError {
  override readonly code = 'refresh_unavailable';
  /** True when the request was sent and its answer lost: the provider may have rotated the token. */
  readonly ambiguous: boolean;
  /** What the provider asked for (`Retry-After`), in ms from its answer. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    details: TokenErrorDetails & {
      readonly ambiguous?: boolean;
      readonly retryAfterMs?: number | undefined;
    } = {},
  ) {
    super(message, details);
    this.ambiguous = details.ambiguous ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The store could not be read, holds what is no credential, or could not be written. Nothing was overwritten. */
export class StoreError extends TokenError {
  constructor(
    override readonly code: 'store_unreadable' | 'store_corrupt' | 'store_unwritable',
    message: string,
    /** The system's own code, such as `EACCES` or `ENOSPC`. */
    readonly reason?: string,
  ) {
    super(message);
  }
}

/** Somebody else held the refresh lock for longer than `lockTimeoutMs`. Retryable. */
export class LockTimeoutError extends TokenError {
  override readonly code = 'lock_timeout';
}

/** Nobody is signed in, and there is nothing to sign in with. */
export class NoCredentialsError extends TokenError {
  override readonly code = 'no_credentials';

  constructor(message = 'Nobody is signed in: call set() with credentials first, or configure acquire') {
    super(message);
  }
}

/** The manager was disposed of. */
export class DisposedError extends TokenError {
  override readonly code = 'disposed';

  constructor() {
    super('This token manager was disposed of');
  }
}

/** Tells whoever gets `error` when the next attempt is. Errors are made where they happen, plans elsewhere. */
export function withRetryAt<E extends TokenError>(error: E, retryAt: number): E {
  return Object.assign(error, { retryAt });
}
