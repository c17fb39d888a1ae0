/** What there is of a stream, of the web or of Node, to be let go by. */
interface Stream {
  cancel?(): Promise<void>;
  destroy?(): unknown;
  readonly readableDidRead?: boolean;
}

/**
 * Lets go of a body that nobody reads: it holds a connection, or memory. What is being read stays as it is. The body
 * is a stream of the web, or of Node, as node-fetch and undici's `request` have it.
 */
export function discard(body: unknown): void {
  const stream = Object(body) as Stream;
  if (stream.cancel)
    stream.cancel().catch(() => undefined); // rejects if it is locked
  else if (!stream.readableDidRead) stream.destroy?.();
}
