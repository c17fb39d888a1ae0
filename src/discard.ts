import { isStream } from './isStream.js';

/** What there is of a stream, of the web or of Node, to be let go by. */
type Stream = Partial<
  Pick<ReadableStream, 'cancel'> & { destroy(): unknown; readonly readableDidRead: boolean }
>;

/**
 * Lets go of a body that nobody reads: it holds a connection, or memory. What is being read stays as it is. The body
 * is a stream of the web, or of Node, as node-fetch and undici's `request` have it; anything else has been read.
 */
export function discard(body: unknown): void {
  if (!isStream(body)) return;
  const stream = body as Stream;
  if (stream.cancel)
    stream.cancel().catch(() => undefined); // rejects if it is locked
  else if (!stream.readableDidRead) stream.destroy?.();
}
