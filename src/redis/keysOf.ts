/** Where the parts of one credential lie: all in one slot of a cluster. */
export interface Keys {
  /** The hash with the record, where the user said. */
  readonly record: string;
  readonly lock: string;
  /** What is corrupt is kept under this, and a time. */
  readonly aside: string;
  readonly channel: string;
}

/**
 * Keys of one slot: a key without a hash tag lies where those lie that have it as their tag.
 *
 * @throws TypeError where `key` makes no sense
 */
export function keysOf(key: string): Keys {
  if (typeof key !== 'string' || key.trim() === '') {
    throw new TypeError('redisStore: key must be a non-empty string');
  }
  const hasTag = /^[^{]*\{[^}]+\}/.test(key);
  if (!hasTag && key.includes('}')) {
    throw new TypeError('redisStore: key must have no "}" but that of a hash tag, as in "tokens:{user 7}"');
  }
  const base = hasTag ? key : `{${key}}`;
  return { record: key, lock: `${base}:lock`, aside: `${base}:corrupt-`, channel: `${base}:changed` };
}
