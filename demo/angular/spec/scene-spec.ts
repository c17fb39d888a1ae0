import { describe, expect, it } from '@jest/globals';
import { blankLane, type Lane, type Mark, SERVER } from '../src/timeline/lane';
import { scene } from '../src/timeline/scene';

const epoch = 1_000_000;
const scale = { epoch, pxPerMs: 0.02, skewMs: 3_000 };
const issued = (serial: number, at: number): Mark => ({ type: 'issued', at, serial });
const server = (...marks: Mark[]): Lane => ({ ...blankLane(SERVER), marks });
const life = (issuedAt: number, until?: number) => ({
  from: issuedAt + 30,
  issuedAt,
  expiresAt: issuedAt + 20_000,
  ...(until !== undefined && { until }),
});
const tab = (id: number, change: Partial<Lane>): Lane => ({ ...blankLane(id), ...change });
const drawn = (me: number, now: number, ...lanes: Lane[]) =>
  scene(new Map(lanes.map((lane) => [lane.id, lane])), me, now, scale);

describe('scene', () => {
  it('has the server first, then this tab, then the others by number', () => {
    const { rows } = drawn(2, epoch, blankLane(3), blankLane(2), blankLane(1), server());
    expect(rows.map(({ name }) => name)).toEqual(['Authorization server', 'Tab 2', 'Tab 1', 'Tab 3']);
    expect(rows.map(({ note }) => note)).toEqual([
      'what it issued',
      'this one, no token',
      'no token',
      'no token',
    ]);
    expect(rows.map(({ top }) => top)).toEqual([...rows.map(({ top }) => top)].sort((a, b) => a - b));
  });

  it('gives a token the number that the server counted it by, in whatever tab', () => {
    const { rows } = drawn(
      1,
      epoch,
      server(issued(7, epoch + 15), issued(8, epoch + 9_015)),
      tab(1, { lives: [life(epoch, epoch + 9_000), life(epoch + 9_000)] }),
      tab(2, { lives: [life(epoch + 9_000)] }),
    );
    expect(rows.map(({ marbles }) => marbles.map(({ serial }) => serial))).toEqual([[7, 8], [7, 8], [8]]);
    expect(rows[2]?.note).toBe('holds token 8');
  });

  it('leaves a token without a number that the server has not told of', () => {
    const { rows } = drawn(1, epoch, server(issued(7, epoch - 60_000)), tab(1, { lives: [life(epoch)] }));
    expect(rows[1]?.marbles[0]?.serial).toBeUndefined();
  });

  it('fills the marble of who has asked, and leaves those hollow that took it over', () => {
    const lives = [life(epoch)];
    const { rows } = drawn(
      1,
      epoch,
      tab(1, { lives, marks: [{ type: 'refreshed', at: epoch + 30 }] }),
      tab(2, { lives, marks: [{ type: 'adopted', at: epoch + 40 }] }),
      tab(3, { lives }),
    );
    expect(rows.map(({ marbles }) => marbles[0]?.filled)).toEqual([true, false, false]);
    expect(rows[2]?.marbles[0]?.caption).toBe('loaded');
  });

  it('draws a thread from the server to the last tab that got the token at that time', () => {
    const { rows, threads } = drawn(
      1,
      epoch,
      server(issued(1, epoch + 15)),
      tab(1, { lives: [life(epoch)] }),
      tab(2, { lives: [life(epoch)] }),
      tab(3, { lives: [{ ...life(epoch), from: epoch + 9_000 }] }),
    );
    expect(threads).toEqual([{ x: 0.3, from: rows[0]?.centre, to: rows[2]?.centre, serial: 1 }]);
  });

  it('tapers a life to nothing at its end, and cuts it off where it was ended before', () => {
    const { rows } = drawn(
      1,
      epoch,
      tab(1, { lives: [life(epoch, epoch + 10_000)] }),
      tab(2, { lives: [life(epoch)] }),
    );
    expect(rows[0]?.tapers[0]).toMatchObject({ path: 'M0.6 -8L200 -4V4L0.6 8Z', current: false });
    expect(rows[1]?.tapers[0]).toMatchObject({
      path: 'M0.6 -8L400 0V0L0.6 8Z',
      current: true,
      dueX: 340,
      endX: 400,
    });
  });

  it('makes a request of a bar, by what became of it', () => {
    const { rows } = drawn(
      1,
      epoch,
      tab(1, {
        attempts: [
          { id: 1, from: epoch },
          { id: 2, from: epoch, until: epoch + 1_000, status: 200 },
          { id: 3, from: epoch, until: epoch + 1_000, status: 401 },
          { id: 4, from: epoch, until: epoch + 1_000, status: 500 },
          { id: 5, from: epoch, until: epoch + 1_000, status: 0 },
        ],
      }),
    );
    expect(rows[0]?.bars.map(({ type }) => type)).toEqual(['open', 'good', 'unauthorized', 'bad', 'bad']);
    expect(rows[0]?.bars[1]?.width).toBe(20);
  });

  it('keeps of captions that would touch the one that says more', () => {
    const { rows } = drawn(
      1,
      epoch,
      tab(1, {
        lives: [life(epoch)],
        marks: [
          { type: 'invalidated', at: epoch + 100 },
          { type: 'unauthorized', at: epoch + 200, times: 50 },
          { type: 'expired', at: epoch + 20_000 },
        ],
      }),
    );
    expect(rows[0]?.signs.map(({ type, caption }) => [type, caption])).toEqual([
      ['invalidated', ''],
      ['expired', 'expired'],
      ['unauthorized', '401 × 50'],
    ]);
    expect(rows[0]?.marbles[0]?.caption).toBe('');
  });

  it('shows a tab that was closed for a while', () => {
    const closed = tab(2, { closedAt: epoch, lives: [life(epoch - 5_000)] });
    const [, row] = drawn(1, epoch + 30_000, blankLane(1), closed).rows;
    expect(row).toMatchObject({ isClosed: true, note: 'closed' });
    expect(row?.tapers[0]).toMatchObject({ current: false, endX: 0 });
    expect(drawn(1, epoch + 90_000, blankLane(1), closed).rows).toHaveLength(1);
  });
});
