/** True for what can be read once: a stream, or what undici and node-fetch read like one. */
export function isStream(body: unknown): boolean {
  const given = Object(body) as Partial<ReadableStream & AsyncIterable<unknown>> & {
    readonly pipe?: unknown;
  };
  return [given.getReader, given[Symbol.asyncIterator], given.pipe].some(
    (read) => typeof read === 'function',
  );
}
