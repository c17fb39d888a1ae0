import { describe, expect, it } from '@jest/globals';
import { ascii, type Glyphs, unicode } from '../../demo/terminal/glyphs.js';
import { marbleDiagram } from '../../demo/terminal/marbleDiagram.js';
import { blankPicture, type Picture } from '../../demo/terminal/picture.js';
import { type Line, textOf, widthOf } from '../../demo/terminal/styledText.js';
import { happened, pictureOf, twoLanes } from './pictures.js';

function diagram(picture: Picture, second: number, columns = 80, rows = 24, glyphs: Glyphs = ascii): Line[] {
  return marbleDiagram(picture, second * 1000, { columns, rows }, glyphs, { lifetime: 10, seconds: 30 });
}

function text(...args: Parameters<typeof diagram>): string[] {
  return diagram(...args).map((line) => textOf(line, false));
}

describe('the marble diagram', () => {
  it('has a lane for each process, time running to the right, and the counts beside it', () => {
    expect(text(twoLanes, 13)).toEqual([
      ' rx-token  one credential, 2 processes, one refresh per expiry     12 s of 30 s',
      ' a real oidc-provider | rotation on | 10-second tokens | 1 000 calls a second',
      '',
      '              0s        5s        10s       15s',
      ' process 1                     A                                1  expiries',
      ' pid 4711     a----------------b------>                         1  refreshes',
      '                                                                0  reuse seen',
      ' process 2                    R                            12 000  calls served',
      ' pid 4712     a---------------b------->                        12  had to wait',
      '',
      '',
      " a emitted token a   R did the refresh   A adopted a sibling's",
      ' Ctrl-C ends it. kill -9 a process, and watch the others go on.',
    ]);
  });

  it('has whole names for the counts, and more time, where there is room', () => {
    const [, , , ruler, , , reuse] = text(twoLanes, 13, 140, 40, unicode);
    expect(ruler).toContain('0s        5s        10s       15s       20s       25s       30s       35s');
    expect(reuse).toMatch(/ {2}0 {2}reuse seen by the provider$/);
  });

  it('has the counts below the lanes where it is narrow, and no room between the lanes where it is low', () => {
    expect(text(twoLanes, 13, 50, 17)).toEqual([
      ' rx-token  one credential, 2 proces  12 s of 30 s',
      ' a real oidc-provider | rotation on | 10-second t',
      '',
      '              0s        5s        10s       15s',
      ' process 1                     A',
      ' pid 4711     a----------------b------>',
      ' process 2                    R',
      ' pid 4712     a---------------b------->',
      '           1  expiries',
      '           1  refreshes',
      '           0  reuse seen by the provider',
      '      12 000  calls served',
      '          12  callers that had to wait',
      '',
      ' a emitted token a   R did the refresh',
      " A adopted a sibling's",
      ' Ctrl-C ends it. kill -9 a process, and watch the',
    ]);
  });

  it('lets the past leave on the left', () => {
    const [, , , ruler, , lane] = text(twoLanes, 26);
    expect(ruler).toBe(' '.repeat(23) + '10s       15s       20s');
    expect(lane?.slice(0, 54)).toBe(' pid 4711     ------b-------------------------------->');
  });

  it('never exceeds the terminal, whatever its size', () => {
    const crowd = pictureOf(
      12,
      ...Array.from({ length: 40 }, (_, second) =>
        happened(second, { type: 'emitted', lane: second % 12, token: `token ${second >> 3}` }),
      ),
    );
    for (const columns of [1, 10, 20, 47, 48, 66, 80, 81, 140, 300]) {
      for (const rows of [1, 5, 10, 24, 60]) {
        const lines = diagram(crowd, 40, columns, rows);
        expect(lines.length).toBeLessThanOrEqual(rows);
        expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(Math.max(2, columns));
      }
    }
  });

  it('tells of the processes for which there is no room', () => {
    expect(text(blankPicture(12), 0)).toContain(' and 4 more');
  });

  it('is there before anything has happened', () => {
    const lines = text(blankPicture(3), 5);
    expect(lines[0]).toMatch(/ 0 s of 30 s$/);
    expect(lines.filter((line) => line.includes('starting'))).toHaveLength(3);
  });

  it('shows who failed, who was killed, and who came to the end', () => {
    const picture = pictureOf(
      3,
      happened(0, { type: 'emitted', lane: 0, token: 'f00' }),
      happened(0, { type: 'emitted', lane: 1, token: 'f00' }),
      happened(0, { type: 'emitted', lane: 2, token: 'f00' }),
      happened(1, { type: 'reused' }),
      happened(2, { type: 'failed', lane: 0, code: 'refresh_rejected' }),
      happened(3, { type: 'ended', lane: 1, accident: { code: null, signal: 'SIGKILL', stderr: '' } }),
      happened(4, { type: 'ended', lane: 2, accident: undefined }),
    );
    const lines = text(picture, 5);
    expect(lines).toContain(" a emitted token a   R did the refresh   A adopted a sibling's   x failed");
    expect(lines).toContain(' # was killed');
    expect(lines).toContain(' process 1: refresh_rejected');
    expect(lines.map((line) => line.slice(14, 55).trimEnd())).toEqual(
      expect.arrayContaining(['    x', 'a--------->', 'a-----#', 'a-------|']),
    );
    const [, , , , , , reuse = []] = diagram(picture, 5);
    expect(textOf(reuse, true)).toContain('\x1b[1;31m          1\x1b[0m');
  });

  it('gives a token the same colour on each lane, and no colours to those who want none', () => {
    const coloured = diagram(twoLanes, 13).map((line) => textOf(line, true));
    const colourOfB = coloured.flatMap((line) => [...line.matchAll(/\[([\d;]+)mb/g)].map(([, sgr]) => sgr));
    expect(colourOfB).toHaveLength(2);
    expect(new Set(colourOfB).size).toBe(1);
    expect(text(twoLanes, 13).join('')).not.toContain('\x1b');
  });
});
