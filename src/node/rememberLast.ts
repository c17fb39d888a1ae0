/** A parser with a memory for the last bytes that it saw. */
export interface Remembering<T> {
  (bytes: Buffer): T;
  /** These bytes say this: whoever writes them knows. */
  keep(bytes: Buffer, parsed: T): void;
}

/**
 * `parse`, which for the same bytes as last time gives what it gave then: a refresh reads its record and its
 * notes three times over, each time to make sure that they are still the same.
 */
export function rememberLast<T>(parse: (bytes: Buffer) => T): Remembering<T> {
  let last: { readonly bytes: Buffer; readonly parsed: T } | undefined;
  const recall = (bytes: Buffer): T => {
    if (!last?.bytes.equals(bytes)) last = { bytes, parsed: parse(bytes) };
    return last.parsed;
  };
  const keep = (bytes: Buffer, parsed: T): void => {
    last = { bytes, parsed };
  };
  return Object.assign(recall, { keep });
}
