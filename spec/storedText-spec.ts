import { describe, expect, it } from '@jest/globals';
import { fieldsFrom, pendingFrom } from '../src/storedText.js';

const pending = { pair: 'a-b', sentAt: 1, until: 2, by: 'pid 1' };

describe('a stored text', () => {
  it('brings no prototype along, at any depth, and nobody changes what it says', () => {
    const fields = fieldsFrom('{"__proto__":{"dead":"x"},"pending":{"__proto__":{},"by":"pid 1"}}');
    expect(Object.keys(fields)).toEqual(['pending']);
    expect(fields['dead']).toBeUndefined();
    expect(Object.keys(fields['pending'] as object)).toEqual(['by']);
    expect([fields, fields['pending']].map(Object.isFrozen)).toEqual([true, true]);
  });

  it.each([[undefined], [null], [''], ['nonsense'], ['7'], ['null'], ['"text"']])(
    'has no notes: %j',
    (text) => {
      const { pending: found, dead } = fieldsFrom(text);
      expect([pendingFrom(found), dead]).toEqual([undefined, undefined]);
    },
  );

  it('is a journal if it has all of its fields, and of it no others', () => {
    expect(pendingFrom({ ...pending, stranger: 'x' })).toEqual(pending);
    for (const field of Object.keys(pending))
      expect(pendingFrom({ ...pending, [field]: null })).toBeUndefined();
  });
});
