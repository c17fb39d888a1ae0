import { bearerError } from './bearerError.js';
import { headerOf, type Headed } from './headerOf.js';

/** What HTTP and gRPC clients answer, or throw: a `Response`, an `AjaxError`, an `AxiosError`, a `ServiceError`. */
interface Outcome extends Headed {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: Outcome | null;
  readonly code?: unknown;
  readonly metadata?: unknown;
}

/** `UNAUTHENTICATED`, https://grpc.io/docs/guides/status-codes. */
const UNAUTHENTICATED = 16;
const CHALLENGE = 'www-authenticate';

/**
 * True where an answer, or an error, says that the access token was refused, and another one may do: a 401, unless
 * its challenge names another reason than `invalid_token` (RFC 6750 §3.1), or `UNAUTHENTICATED` of gRPC. A 403 is
 * about what the token may do, and not about the token.
 */
export function isRejected(outcome: unknown): boolean {
  const { status, statusCode, response, code, metadata } = Object(outcome) as Outcome;
  if (code === UNAUTHENTICATED && metadata) return true;
  if (![status, statusCode, response?.status, response?.statusCode].includes(401)) return false;
  const challenge =
    headerOf(outcome as Outcome, CHALLENGE) ?? headerOf(Object(response) as Outcome, CHALLENGE);
  const error = bearerError(challenge);
  return error === undefined || error === 'invalid_token';
}
