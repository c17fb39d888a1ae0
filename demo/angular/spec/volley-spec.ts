import { describe, expect, it } from '@jest/globals';
import { blankVolley, type Turn, volleyAfter } from '../src/requests/volley';

const after = (...turns: Turn[]) => turns.reduce(volleyAfter, blankVolley(2));

describe('volleyAfter', () => {
  it('tells a replay from a first attempt', () => {
    const turns: Turn[] = [
      { index: 0, fate: 'sent' },
      { index: 1, fate: 'sent' },
      { index: 1, fate: 'unauthorized' },
    ];
    expect(after(...turns).fates).toEqual(['sent', 'unauthorized']);
    expect(after(...turns, { index: 1, fate: 'sent' }).fates).toEqual(['sent', 'again']);
    expect(after(...turns, { index: 1, fate: 'sent' }, { index: 1, fate: 'answered' })).toMatchObject({
      fates: ['sent', 'answered'],
      unauthorized: 1,
    });
  });

  it('is over when it is over', () => {
    expect(after()).not.toHaveProperty('endedAt');
    expect(after('over').endedAt).toBeGreaterThan(0);
  });
});
