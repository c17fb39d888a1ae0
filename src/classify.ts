import {
  ConfigurationError,
  RefreshRejectedError,
  RefreshUnavailableError,
  TokenError,
  type TokenErrorDetails,
} from './errors.js';
import { isCredentials } from './credentials.js';
import type { ProviderProfile } from './profile.js';
import type { TokenResponse } from './tokenResponse.js';

/** What came back from a token endpoint: the body, and what HTTP said about it where that is known. */
export interface Answer {
  /** `undefined`: neither JSON nor a form. */
  readonly body: unknown;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** RFC 6749 §5.2, but for `invalid_grant`: the request is wrong, not the credentials. */
const MISCONFIGURED = [
  'invalid_client',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
];

/** Codes after which the request was certainly never sent. */
const UNSENT =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+)$/;
/** Codes and names after which the request may have arrived, and its answer has not. */
const LOST =
  /^(ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|UND_ERR_\w+|ERR_NETWORK|AbortError|TimeoutError|SyntaxError)$/;
/** How browsers and Node word a `fetch` that failed, without a word on why. */
const FETCH_FAILED =
  /fetch failed|failed to fetch|networkerror|load failed|network request failed|terminated/i;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** `Retry-After` in ms: seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: unknown, now: number): number | undefined {
  if (
    typeof header === 'number' ? !Number.isFinite(header) : typeof header !== 'string' || header.trim() === ''
  ) {
    return undefined;
  }
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(String(header)) - now : seconds * 1000;
  return waitMs >= 0 && Number.isFinite(waitMs) ? waitMs : undefined;
}

/** The error code of a body: `error`, or the `code` (or `type`) of an error that is an object. */
function errorCodeOf(body: unknown): string | undefined {
  const error = isObject(body) ? body['error'] : undefined;
  const code = isObject(error) ? (error['code'] ?? error['type'] ?? error['error']) : error;
  return typeof code === 'string' && code !== '' ? code : undefined;
}

/** A code is shown only if it looks like one: what a provider writes there by mistake may be a secret. */
function shown(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Za-z][A-Za-z_.-]{0,39}$/.test(code) ? code : undefined;
}

/** A refusal that was understood: an OAuth error code, an HTTP status, or both. */
function refusal(
  code: string | undefined,
  status: number | undefined,
  afterMs: number | undefined,
  profile: ProviderProfile,
): TokenError {
  const details: TokenErrorDetails = { error: shown(code), status };
  if (code !== undefined && !(status !== undefined && status >= 500)) {
    if (code === 'invalid_grant' || profile.terminalErrors?.includes(code))
      return new RefreshRejectedError(details);
    if (MISCONFIGURED.includes(code)) {
      return new ConfigurationError(
        `The provider refused the token request (${code}); check the client and its scopes`,
        details,
      );
    }
  }
  const said = [status && `HTTP ${status}`, details.error].filter(Boolean).join(', ');
  return new RefreshUnavailableError(`The provider did not refresh (${said || 'unknown error'})`, {
    ...details,
    retryAfterMs: afterMs,
  });
}

/** The token response in an answer, or the error that the answer is. */
export function classifyAnswer(answer: Answer, profile: ProviderProfile): TokenResponse | TokenError {
  const { body, status } = answer;
  const code = errorCodeOf(body);
  const refused = status !== undefined && (status < 200 || status > 299);
  if (code !== undefined || refused) return refusal(code, status, answer.retryAfterMs, profile);
  if (isCredentials(body) && (body as Record<string, unknown>)['ok'] !== false) return body as TokenResponse;
  return new RefreshUnavailableError(
    'The answer to the refresh is no token response: access_token is missing',
    {
      status,
      ambiguous: true,
    },
  );
}

/** An error and its causes, outermost first; a chain that bites its tail ends too. */
function causesOf(thrown: unknown): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  for (let link = thrown; isObject(link) && chain.length < 8; link = link['cause']) chain.push(link);
  return chain;
}

function headerOf(headers: unknown, name: string): unknown {
  if (!isObject(headers)) return undefined;
  return typeof headers['get'] === 'function' ? (headers as unknown as Headers).get(name) : headers[name];
}

function firstOf<T>(
  links: Record<string, unknown>[],
  pick: (link: Record<string, unknown>) => T | undefined,
): T | undefined {
  for (const link of links) {
    const found = pick(link);
    if (found !== undefined) return found;
  }
  return undefined;
}

const statusOf = (link: Record<string, unknown>): number | undefined => {
  const status = link['status'] ?? link['statusCode'];
  return typeof status === 'number' && status >= 100 ? status : undefined;
};

const matches = (link: Record<string, unknown>, pattern: RegExp): boolean =>
  [link['code'], link['name']].some((word) => typeof word === 'string' && pattern.test(word));

/** A mistake in the callback's own code, as opposed to the `TypeError` that `fetch` makes of a network fault. */
function isBug(links: Record<string, unknown>[]): boolean {
  const bug = links[0] instanceof TypeError || links[0] instanceof ReferenceError;
  return bug && links.length === 1 && !FETCH_FAILED.test((links[0] as unknown as Error).message);
}

/**
 * Whatever a `refresh` callback threw, as one of this library's errors: by what the usual clients put on
 * theirs (`error`, `status`, `statusCode`, `response`, `headers`, `code`, `name`), down the `cause` chain.
 */
export function classifyThrown(thrown: unknown, profile: ProviderProfile, now: number): TokenError {
  if (thrown instanceof TokenError) return thrown;
  const chain = causesOf(thrown);
  // What clients hang their answer on: openid-client the error itself, axios `response.data`, ajax `response`.
  const links = chain.flatMap((link) =>
    [
      link,
      link['response'],
      link['data'],
      link['body'],
      isObject(link['response']) ? link['response']['data'] : undefined,
    ].filter(isObject),
  );
  const code = firstOf(links, errorCodeOf);
  const status = firstOf(links, statusOf);
  if (code !== undefined || (status !== undefined && status >= 300)) {
    const after = firstOf(links, (link) => retryAfterMs(headerOf(link['headers'], 'retry-after'), now));
    return refusal(code, status, after, profile);
  }
  if (chain.some((link) => matches(link, UNSENT)))
    return new RefreshUnavailableError('The provider could not be reached');
  if (isBug(chain)) {
    return new ConfigurationError(
      `The callback has a bug: it threw a ${String(chain[0]?.['name'])}`,
      {},
      'callback_failed',
    );
  }
  const lost =
    status !== undefined ||
    chain.some((link) => matches(link, LOST) || (link instanceof Error && FETCH_FAILED.test(link.message)));
  return new RefreshUnavailableError(
    lost ? 'The answer to the refresh was lost on the way' : 'The refresh callback failed',
    {
      status,
      ambiguous: lost,
    },
  );
}
