import { defer, from, isObservable, map, of, type Observable, type ObservableInput } from 'rxjs';
import { retryAfterMs, type Answer } from './classify.js';
import { RefreshUnavailableError } from './errors.js';

/** A token response has a few kB; more than this is no token response. */
const MAX_BODY_BYTES = 1024 * 1024;

type ResponseLike = Pick<Response, 'status' | 'headers' | 'body' | 'text'>;

function isResponse(value: unknown): value is ResponseLike {
  const response = value as Partial<ResponseLike> | null;
  return (
    typeof response?.status === 'number' &&
    typeof response.text === 'function' &&
    typeof response.headers?.get === 'function'
  );
}

async function boundedText(response: ResponseLike): Promise<string> {
  if (typeof response.body?.getReader !== 'function') return response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (bytes > MAX_BODY_BYTES) {
      void reader.cancel().catch(() => undefined);
      throw new RefreshUnavailableError('The answer to the refresh is larger than 1 MiB', {
        status: response.status,
        ambiguous: true,
      });
    }
  }
}

/** JSON, else a form (GitHub, unless asked otherwise), else `undefined`. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return /^[\w.-]+=/.test(text) ? Object.fromEntries(new URLSearchParams(text)) : undefined;
  }
}

/** Emits once what a callback's value answers, and completes: the value itself, or what a `Response` carries. */
export function readAnswer(value: unknown, now: () => number): Observable<Answer> {
  if (!isResponse(value)) return of({ body: value });
  const { status, headers } = value;
  return from(boundedText(value)).pipe(
    map((text) => ({
      body: parseBody(text),
      status,
      retryAfterMs: retryAfterMs(headers.get('retry-after'), now()),
    })),
  );
}

/** Subscribes to what `callback` returns: an `ObservableInput`, or, as people write it, the plain value. */
export function fromCallback<T>(callback: () => ObservableInput<T> | T): Observable<T> {
  return defer(() => {
    const result = callback();
    const plain =
      typeof result === 'object' &&
      result !== null &&
      !isObservable(result) &&
      !('then' in result) &&
      !(Symbol.asyncIterator in result) &&
      !(Symbol.iterator in result);
    return plain ? of(result as T) : from(result as ObservableInput<T>);
  });
}
