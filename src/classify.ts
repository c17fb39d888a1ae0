import { isCredentials, isText } from './credentials.js';
import {
  ConfigurationError,
  isTold,
  RefreshRejectedError,
  RefreshUnavailableError,
  TokenError,
} from './errors.js';
import { headerOf } from './headerOf.js';
import { parseBody } from './parseBody.js';
import type { ProviderProfile } from './profile.js';
import type { TokenResponse } from './tokenResponse.js';

/** What came back from a token endpoint: the body, and what HTTP said about it where that is known. */
export interface Answer {
  /** `undefined`: neither JSON nor a form. */
  readonly body: unknown;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** RFC 6749 §5.2, but for `invalid_grant`: the request is wrong, not the credentials. */
const MISCONFIGURED = /^(invalid_(client|request|scope)|unauthorized_client|unsupported_grant_type)$/;
/** Codes after which the request was certainly never sent. */
const UNSENT =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUN|ENETUN|UND_ERR_CONNECT|CERT|UNABLE|SELF_|DEPTH_|EPROTO|ERR_(TLS|SSL))/;
/** Codes and names after which the request may have arrived, and its answer has not. */
const LOST =
  /^(ECONN|ETIMEDOUT|EPIPE|HPE_|Z_|UND_ERR|ERR_(NETWORK|CANCEL|BAD_RES|STREAM|HTTP2)|OAUTH_[IJ]|(Abort|Timeout|Syntax|Empty|Ajax|Fetch|RP)Error|HttpErrorResponse)/;
/** How browsers and Node word a `fetch` that failed, without a word on why. */
const FETCH_FAILED =
  /^(fetch failed|failed to fetch|load failed|terminated|cancelled|(client )?error (in body|sending|reading|\()|request or|preflight|origin |an ssl|could not connect|a server with|(the )?(certificate|internet|request timed|network( ?error\b| request| connection)))/i;

/** Something to read fields of, whatever it is. */
const fieldsOf = Object as (value: unknown) => Fields;

/** `Retry-After` in ms: seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: unknown, now: number): number | undefined {
  if (!isText(header) && typeof header !== 'number') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(`${header}`) - now : seconds * 1000;
  return waitMs >= 0 && waitMs < Infinity ? waitMs : undefined;
}

/** The error code of a body: `error`, or what stands there if that is an object. */
export function errorCodeOf(body: unknown): string | undefined {
  const { error } = fieldsOf(body);
  const inner = fieldsOf(error);
  const code = inner['error'] ?? (error instanceof Error || (inner['code'] ?? error)); // gaxios has one there
  return typeof code === 'string' && code ? code : undefined;
}

/**
 * A standard answer, made of this provider's. What a foreign function throws says nothing of the answer, in which a
 * rotated token may be.
 */
export function normal(body: unknown, { normalize }: ProviderProfile): unknown {
  try {
    return normalize ? normalize(body) : body;
  } catch {
    throw new ConfigurationError('normalize has a bug', {}, 'callback_failed');
  }
}

/** A word is shown only if it looks like a code: what stands there by mistake may be a secret. */
export function codeLike(word: string): string | undefined {
  return /^[a-z][a-z_.-]{0,39}$/i.test(word) ? word : undefined;
}

/** A refusal that was understood: an OAuth error code, an HTTP status, or both. */
function refusal(profile: ProviderProfile, code = '', status?: number, afterMs?: number): TokenError {
  const error = codeLike(code);
  const details = { error, status };
  const said = [status, error].filter(Boolean).join(' ');
  if (!(status && status >= 500)) {
    if (code === 'invalid_grant' || profile.terminalErrors?.includes(code))
      return new RefreshRejectedError(details);
    if (MISCONFIGURED.test(code)) {
      return new ConfigurationError(`The provider refused the request (${said}). Check the client`, details);
    }
  }
  return new RefreshUnavailableError(`The provider did not refresh (${said})`, {
    ...details,
    retryAfterMs: afterMs,
  });
}

/** The token response in an answer, or the error that the answer is. */
export function classifyAnswer(answer: Answer, profile: ProviderProfile): TokenResponse | TokenError {
  const { status } = answer;
  const body = normal(answer.body, profile);
  const code = errorCodeOf(body);
  if (code || (status && (status < 200 || status > 299)))
    return refusal(profile, code, status, answer.retryAfterMs);
  if (isCredentials(body) && body['ok'] !== false) return body;
  return new RefreshUnavailableError('The answer has no access_token', {
    status,
    ambiguous: true,
  });
}

/** An error and its causes, outermost first; a chain that bites its tail ends too. */
export function causesOf(thrown: unknown): Fields[] {
  const chain: Fields[] = [];
  for (let link = thrown; link && chain.length < 8; link = fieldsOf(link)['cause'])
    chain.push(fieldsOf(link));
  return chain;
}

/** Where those have the body that read it themselves. */
const BODY_OF: Fields = { AjaxError: 'response', HttpErrorResponse: 'error' };

/** Where the usual clients hang the answer on their error: openid-client, axios, ajax, got, Angular, Boom. */
function answersOf(link: Fields, profile: ProviderProfile): Fields[] {
  const read = (body: unknown): unknown => body && normal(isText(body) ? parseBody(body) : body, profile);
  const at = link['status'] && BODY_OF[link['name'] as string];
  if (at) return [{ ...link, error: read(link[at as string]) }];
  const response = fieldsOf(link['response']);
  const { data, body, output } = link;
  const bodies = [response['data'], response['body'], data, body, fieldsOf(data)['payload']];
  return [link, response, output, ...bodies.map(read)].map(fieldsOf);
}

/**
 * Whatever a `refresh` callback threw, as one of this library's errors: by what the usual clients put on
 * theirs (`error`, `status`, `statusCode`, `response`, `headers`, `code`, `name`), down the `cause` chain.
 */
export function classifyThrown(thrown: unknown, profile: ProviderProfile, now: number): TokenError {
  try {
    if (!(thrown instanceof TokenError)) return understood(thrown, profile, now);
    // What another manager has said is about its own credentials.
    return isTold(thrown) ? new RefreshUnavailableError(`Another manager failed (${thrown.code})`) : thrown;
  } catch (error) {
    if (error instanceof TokenError) return error; // of `normalize`
    return new RefreshUnavailableError('The refresh failed'); // reading it has thrown
  }
}

function understood(thrown: unknown, profile: ProviderProfile, now: number): TokenError {
  const chain = causesOf(thrown);
  const answers = chain.flatMap((link) => answersOf(link, profile));
  const first = <T>(pick: (answer: Fields) => T): T | undefined => answers.map(pick).find(Boolean);
  const code = first(errorCodeOf);
  const status = first(({ status, statusCode }) =>
    [status, statusCode].find((said) => typeof said === 'number'),
  );
  if (code || (status && status >= 300)) {
    const asked = first((answer) => headerOf(answer, 'retry-after'));
    return refusal(profile, code, status, retryAfterMs(asked, now));
  }
  const words = ['code', 'name'].flatMap((field) => chain.map((link) => link[field])).filter(isText);
  const says = (pattern: RegExp): boolean => words.some((word) => pattern.test(word));
  const isFetch = chain.some(({ message }) => isText(message) && FETCH_FAILED.test(message));
  const isMistake = (thrown instanceof TypeError && !isFetch) || thrown instanceof ReferenceError;
  const why = words.find(codeLike) ?? 'unknown';
  if (isMistake && !chain[1]) {
    return new ConfigurationError(`The callback has a bug (${why})`, {}, 'callback_failed');
  }
  const ambiguous = !says(UNSENT) && (status !== undefined || isFetch || says(LOST));
  return new RefreshUnavailableError(`The refresh failed (${why})`, { ambiguous });
}
