import type { Happening } from '../../demo/terminal/happening.js';
import { blankPicture, developed, type Picture } from '../../demo/terminal/picture.js';

type Untimed<H = Happening> = H extends Happening ? Omit<H, 'at'> : never;

export function happened(second: number, what: Untimed): Happening {
  return { ...what, at: second * 1000 };
}

export function pictureOf(processes: number, ...story: readonly Happening[]): Picture {
  return story.reduce(developed, blankPicture(processes));
}

/** Two processes, which have come from one token to the next. */
export const twoLanes = pictureOf(
  2,
  happened(0, { type: 'started', lane: 0, pid: 4711 }),
  happened(0, { type: 'started', lane: 1, pid: 4712 }),
  happened(1, { type: 'emitted', lane: 0, token: 'f00' }),
  happened(1, { type: 'emitted', lane: 1, token: 'f00' }),
  happened(2, { type: 'called', lane: 0, calls: { served: 9000, refused: 0, waited: 0, longestWaitMs: 0 } }),
  happened(9, { type: 'granted' }),
  happened(9, { type: 'emitted', lane: 1, token: 'ba5' }),
  happened(9, { type: 'refreshed', lane: 1 }),
  happened(9.5, { type: 'emitted', lane: 0, token: 'ba5' }),
  happened(9.5, { type: 'adopted', lane: 0 }),
  happened(10, {
    type: 'called',
    lane: 1,
    calls: { served: 3000, refused: 0, waited: 12, longestWaitMs: 7.5 },
  }),
  happened(11, { type: 'expired' }),
);
