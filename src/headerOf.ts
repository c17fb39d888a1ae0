/** What has headers: of `Headers`, of the plain object that Node's clients have, of an `XMLHttpRequest`. */
export interface Headed {
  readonly headers?: unknown;
  readonly xhr?: { getResponseHeader?(name: string): string | null } | undefined;
}

/** A header by its name in lower case. */
export function headerOf({ headers, xhr }: Headed, name: string): unknown {
  if (xhr?.getResponseHeader) return xhr.getResponseHeader(name);
  const held = Object(headers) as Headers;
  if (typeof held.get === 'function') return held.get(name);
  return Object.entries(held).find(([each]) => each.toLowerCase() === name)?.[1];
}
