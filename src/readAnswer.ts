import { defer, isObservable, map, of, type Observable, type ObservableInput } from 'rxjs';
import { causesOf, errorCodeOf, retryAfterMs, type Answer } from './classify.js';
import { RefreshUnavailableError } from './errors.js';
import { orElseThrow } from './orElseThrow.js';
import { parseBody } from './parseBody.js';

/** A token response has a few kB; what is longer than this is no token response. */
const MAX_BODY_LENGTH = 1024 * 1024;

type ResponseLike = Pick<Response, 'status' | 'headers' | 'text' | 'ok' | 'bodyUsed'>;

function isResponse(value: unknown): value is ResponseLike {
  const response = value as Partial<ResponseLike> | null | undefined;
  return typeof response?.status === 'number' && typeof response.text === 'function';
}

/** Emits once what a callback's value answers, and completes: the value itself, or what a `Response` carries. */
export function readAnswer(value: unknown, now: () => number): Observable<Answer> {
  if (!isResponse(value)) return of({ body: value });
  const { status, ok, headers } = value;
  return defer(() => value.text()).pipe(
    map((text) => {
      const afterMs = retryAfterMs(headers.get('retry-after'), now());
      if (text.length > MAX_BODY_LENGTH) {
        const details = { status, ambiguous: ok, retryAfterMs: afterMs };
        throw new RefreshUnavailableError('The answer is larger than 1 MiB', details);
      }
      return { body: parseBody(text), status, retryAfterMs: afterMs };
    }),
  );
}

/** What a `Response` says that was thrown, alone or on an error (ky), unread; where there is none, throws what was thrown. */
export function answerOn(thrown: unknown, now: () => number): Observable<Answer> {
  return defer(() => {
    const links = causesOf(thrown).flatMap((link) => [link, link['response']]);
    const response = links.find(isResponse); // those below are of earlier attempts
    if (!response || response.ok || response.bodyUsed || links.some(errorCodeOf)) throw thrown;
    return readAnswer(response, now);
  }).pipe(orElseThrow(() => thrown));
}

/** Subscribes to what `callback` returns: an `ObservableInput`, or, as people write it, the plain answer. */
export function fromCallback<T extends object>(
  callback: () => ObservableInput<T> | T | undefined,
): Observable<T> {
  return defer(() => {
    const result = callback();
    if (!result) throw new TypeError(); // a forgotten return
    const isAnswer = isResponse(result) || 'access_token' in result || 'error' in result;
    const isPlain = isAnswer && !isObservable(result); // a subject has an `error` too
    return isPlain ? of(result as T) : (result as ObservableInput<T>);
  });
}
