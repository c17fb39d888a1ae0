import { describe, expect, it } from '@jest/globals';
import { keysOf } from '../../src/redis/keysOf.js';

/** The part of a key that decides where it lies (Redis cluster specification, "hash tags"). */
function tagOf(key: string): string {
  const from = key.indexOf('{');
  const to = key.indexOf('}', from + 1);
  return from >= 0 && to > from + 1 ? key.slice(from + 1, to) : key;
}

describe('keysOf', () => {
  it.each(['tokens', 'tokens:user 7', '{user 7}', 'tokens:{user 7}:google', 'a{b', 'a{{b}', 'Zoë', '{a}}'])(
    'puts all that belongs to %j into one slot',
    (key) => {
      const { record, lock, aside } = keysOf(key);
      expect(record).toBe(key);
      expect([lock, `${aside}2026`].map(tagOf)).toEqual([tagOf(key), tagOf(key)]);
    },
  );

  it.each(['a}b', '}', '{}', '{}x', 'a{}b', '{}{x}'])('refuses %j, which would not', (key) => {
    expect(() => keysOf(key)).toThrow(TypeError);
  });

  it.each([
    ['app:', 'tokens'],
    ['app:', 'tokens:{user 7}'],
    ['{app}:', 'tokens'],
    ['{app}:', '{user 7}'],
    ['a{', 'b}'],
  ])('does so, too, where a cluster is told %j before %j', (prefix, key) => {
    const { record, lock, aside } = keysOf(key, prefix);
    expect([lock, `${aside}2026`].map((one) => tagOf(prefix + one))).toEqual(
      Array(2).fill(tagOf(prefix + record)),
    );
  });

  it.each(['user \ud800', '\udc00'])('refuses %j, which is sent as another one', (key) => {
    expect(() => keysOf(key)).toThrow(/^redisStore: key must/);
  });

  it.each([keysOf('victim').lock, keysOf('a:{b}').lock, `${keysOf('victim').aside}2026`])(
    'refuses %j, which lies beside another one',
    (key) => {
      expect(() => keysOf(key)).toThrow(/^redisStore: key must/);
    },
  );

  it.each(['lock', 'a:lock', 'a:corrupt-b', '{a:lock}', '{a}:lock:b', '{a}:changed', 'user \u{1f600}'])(
    'takes %j, which does not',
    (key) => {
      expect(keysOf(key).record).toBe(key);
    },
  );

  it('gives different keys different locks and channels', () => {
    const keys = ['a', 'b', 'a:{b}', 'b:{a}', '{a}:b'];
    for (const part of ['lock', 'channel'] as const) {
      expect(new Set(keys.map((key) => keysOf(key)[part])).size).toBe(keys.length);
    }
  });
});
