/** A header by its name in lower case: of `Headers`, or of the plain object that Node's clients have. */
export function headerOf(headers: unknown, name: string): unknown {
  const held = Object(headers) as Headers & Readonly<Record<string, unknown>>;
  return typeof held.get === 'function' ? held.get(name) : held[name];
}
