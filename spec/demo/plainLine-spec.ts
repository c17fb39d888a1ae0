import { describe, expect, it } from '@jest/globals';
import { countsLine, plainLine } from '../../demo/terminal/plainLine.js';
import { happened, pictureOf, twoLanes } from './pictures.js';

describe('without a terminal', () => {
  it('what happens is told in lines', () => {
    const story = [
      happened(0, { type: 'started', lane: 0, pid: 4711 }),
      happened(1, { type: 'emitted', lane: 0, token: 'f00' }),
      happened(2, { type: 'called', lane: 0, calls: { served: 1, refused: 0, waited: 0, longestWaitMs: 0 } }),
      happened(9, { type: 'granted' }),
      happened(9, { type: 'refreshed', lane: 0 }),
      happened(9, { type: 'adopted', lane: 1 }),
      happened(11, { type: 'expired' }),
      happened(12, { type: 'reused' }),
      happened(13, { type: 'failed', lane: 1, code: 'refresh_rejected' }),
      happened(13.5, { type: 'ended', lane: 0, accident: undefined }),
      happened(14, { type: 'ended', lane: 1, accident: { code: 1, signal: null, stderr: 'Error: why\n' } }),
    ];
    const lines = story.map((one, nth) => plainLine(one, pictureOf(2, ...story.slice(0, nth + 1))));
    expect(lines.filter((line) => line !== null)).toEqual([
      '   0.0 s  process 1  started, pid 4711',
      '   0.0 s  process 1  emitted token a',
      '   8.0 s  process 1  did the refresh',
      "   8.0 s  process 2  adopted a sibling's",
      '  10.0 s  provider   an access token has expired',
      '  11.0 s  provider   REUSE: was shown a refresh token that is spent',
      '  12.0 s  process 2  failed: refresh_rejected',
      '  12.5 s  process 1  ended',
      '  13.0 s  process 2  ended by itself (exit code 1)\nError: why',
    ]);
  });

  it('the counts are told in one', () => {
    expect(countsLine(twoLanes, 13_000)).toBe(
      '  12.0 s  expiries: 1, refreshes: 1, reuse seen by the provider: 0, calls served: 12 000, ' +
        'callers that had to wait: 12',
    );
  });
});
