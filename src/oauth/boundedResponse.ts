import { discard } from '../discard.js';
import { RefreshUnavailableError } from '../errors.js';

/** An answer has a few kB; what is longer than this, unpacked, is none. */
const MAX_BYTES = 1024 * 1024;
/** The last that a `Response` can be made with (https://fetch.spec.whatwg.org/#dom-response). */
const LAST_STATUS = 599;

/**
 * The same response, whose body ends with an error after 1 MiB: whatever a server sends, no more than that is read.
 * What is no `Response` of the platform is given back as it is; its length is looked at when it was read.
 */
export function boundedResponse(response: Response): Response {
  const { body, status, headers, ok } = response;
  if (typeof body?.pipeThrough !== 'function') return response;
  if (status > LAST_STATUS) {
    discard(body);
    throw new RefreshUnavailableError(`The provider answered with a status that is none (${status})`, {
      status,
    });
  }
  let size = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > MAX_BYTES)
        throw new RefreshUnavailableError('The answer is larger than 1 MiB', { status, ambiguous: ok });
      controller.enqueue(chunk);
    },
  });
  // Without its statusText: a server may write there what no Response takes.
  return new Response(body.pipeThrough(counting), { status, headers });
}
