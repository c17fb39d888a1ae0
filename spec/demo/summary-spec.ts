import { describe, expect, it } from '@jest/globals';
import { faults, summary } from '../../demo/terminal/summary.js';
import { happened, pictureOf, twoLanes } from './pictures.js';

const calls = { served: 0, refused: 0, waited: 0, longestWaitMs: 0 };

describe('the summary', () => {
  it('counts', () => {
    expect(summary(twoLanes, 31_000)).toEqual([
      '2 processes, 30.0 s',
      '       1  expiries',
      '       1  refreshes',
      '       0  reuse seen by the provider',
      '  12 000  calls served',
      '      12  callers that had to wait',
      'the longest wait: 8 ms',
    ]);
    expect(faults(twoLanes)).toEqual([]);
  });

  it('finds fault with a reuse, with callers who got nothing, and with a process that ended by itself', () => {
    const accident = { code: 1, signal: null, stderr: '' };
    const each = [
      happened(1, { type: 'reused' }),
      happened(1, { type: 'called', lane: 0, calls: { ...calls, refused: 3 } }),
      happened(1, { type: 'ended', lane: 0, accident }),
    ];
    for (const fault of each) {
      const picture = pictureOf(1, fault);
      expect(faults(picture)).toHaveLength(1);
      expect(summary(picture, 2000).at(-1)).toMatch(/^FAILED: /);
    }
  });

  it('finds none with a process that somebody killed', () => {
    const accident = { code: null, signal: 'SIGKILL', stderr: '' };
    const picture = pictureOf(2, happened(1, { type: 'ended', lane: 1, accident }));
    expect(faults(picture)).toEqual([]);
    expect(summary(picture, 2000)).toContain('process 2 was killed (SIGKILL)');
  });
});
