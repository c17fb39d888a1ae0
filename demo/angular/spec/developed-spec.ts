import { describe, expect, it } from '@jest/globals';
import { developed } from '../src/timeline/developed';
import type { Happening } from '../src/timeline/happening';
import { blankLane, type Lane, type Life, type MarkType } from '../src/timeline/lane';

const now = 1_000_000;
const mark = (type: MarkType, at = now): Happening => ({ type: 'mark', mark: { type, at } });
const life = (from: number): Life => ({ from, issuedAt: from, expiresAt: from + 20_000 });
const after = (...happenings: Happening[]): Lane => happenings.reduce(developed, blankLane(1));

describe('developed', () => {
  it('adds what happened', () => {
    expect(after(mark('signed-in'), mark('expired')).marks.map(({ type }) => type)).toEqual([
      'signed-in',
      'expired',
    ]);
  });

  it('ends a life with the next, and with none', () => {
    const lane = after(
      { type: 'life', at: now, life: life(now) },
      { type: 'life', at: now + 5, life: life(now + 5) },
      { type: 'life', at: now + 9, life: undefined },
    );
    expect(lane.lives.map(({ from, until }) => [from, until])).toEqual([
      [now, now + 5],
      [now + 5, now + 9],
    ]);
  });

  it('counts the 401s of one burst as one mark, and nothing else', () => {
    const { marks } = after(
      mark('unauthorized'),
      mark('failed', now + 1),
      mark('unauthorized', now + 2),
      mark('failed', now + 3),
      mark('unauthorized', now + 5_000),
    );
    expect(marks).toEqual([
      { type: 'unauthorized', at: now, times: 2 },
      { type: 'failed', at: now + 1 },
      { type: 'failed', at: now + 3 },
      { type: 'unauthorized', at: now + 5_000 },
    ]);
  });

  it('replaces an attempt that was begun by the same when it has ended', () => {
    const { attempts } = after(
      { type: 'attempt', attempt: { id: 1, from: now } },
      { type: 'attempt', attempt: { id: 2, from: now } },
      { type: 'attempt', attempt: { id: 1, from: now, until: now + 9, status: 200 } },
    );
    expect(attempts).toEqual([
      { id: 2, from: now },
      { id: 1, from: now, until: now + 9, status: 200 },
    ]);
  });

  it('forgets what is long over, and nothing that lasts', () => {
    const later = now + 600_000;
    const lane = after(
      mark('signed-in'),
      { type: 'attempt', attempt: { id: 1, from: now, until: now + 9, status: 200 } },
      { type: 'attempt', attempt: { id: 2, from: now } },
      { type: 'life', at: now, life: life(now) },
      { type: 'life', at: now + 9, life: life(now + 9) },
      mark('expired', later),
    );
    expect(lane.marks).toEqual([{ type: 'expired', at: later }]);
    expect(lane.attempts).toEqual([{ id: 2, from: now }]);
    expect(lane.lives).toEqual([life(now + 9)]);
  });

  it('closes, and opens again when the page is taken back out of the cache', () => {
    const closed = after({ type: 'closed', at: now });
    expect(closed.closedAt).toBe(now);
    expect(developed(closed, { type: 'closed', at: undefined })).toEqual(blankLane(1));
  });
});
