/** Where the parts of one credential lie: all in one slot of a cluster. */
export interface Keys {
  /** The hash with the record, where the user said. */
  readonly record: string;
  readonly lock: string;
  /** What is corrupt is kept under this, and a time. */
  readonly aside: string;
  readonly channel: string;
}

/** All of it up to the end of its hash tag. */
const TAGGED = /^[^{]*\{[^}]+\}/;

/**
 * Keys of one slot: a key without a hash tag lies where those lie that have it as their tag.
 *
 * @param prefix comes before each key, but the channel, on its way to a cluster
 * @throws TypeError where `key` makes no sense
 */
export function keysOf(key: string, prefix = ''): Keys {
  if (typeof key !== 'string' || key.trim() === '') {
    throw new TypeError('redisStore: key must be a non-empty string');
  }
  // what is sent has no halves of characters: two keys would become one
  if (/\p{Surrogate}/u.test(key)) throw new TypeError('redisStore: key must have no lone surrogates');
  const sent = prefix + key;
  const [tagged] = TAGGED.exec(sent) ?? [];
  if (tagged === undefined && sent.includes('}')) {
    throw new TypeError('redisStore: key must have no "}" but that of a hash tag, as in "tokens:{user 7}"');
  }
  if (tagged !== undefined && /:lock$|:corrupt-/.test(sent.slice(tagged.length))) {
    throw new TypeError('redisStore: key must not be the ":lock", or a ":corrupt-" copy, of another key');
  }
  const base = tagged === undefined ? `{${sent}}` : key;
  return { record: key, lock: `${base}:lock`, aside: `${base}:corrupt-`, channel: `${base}:changed` };
}
