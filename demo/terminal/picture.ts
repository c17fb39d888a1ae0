import { addCalls, type Calls, NO_CALLS } from './calls.js';
import type { Accident, Happening } from './happening.js';

/** Something to draw on a lane. */
export interface Mark {
  readonly at: number;
  readonly type: 'emitted' | 'refreshed' | 'adopted' | 'failed';
  /** What was emitted, by its letter; why it failed, by its code; else nothing. */
  readonly text: string;
}

/** A process. */
export interface Lane {
  readonly pid: number | undefined;
  readonly marks: readonly Mark[];
  readonly endedAt: number | undefined;
  readonly accident: Accident | undefined;
}

/** What is known of the run so far. */
export interface Picture {
  /** When the first token was emitted: where the time axis begins. */
  readonly startedAt: number | undefined;
  readonly lanes: readonly Lane[];
  /** The tokens' fingerprints, in the order of their appearance. */
  readonly tokens: readonly string[];
  readonly expiries: number;
  readonly refreshes: number;
  readonly reuses: number;
  readonly calls: Calls;
}

/** More than fit on any screen. */
const MARKS_KEPT = 500;

export function blankPicture(processes: number): Picture {
  const lane: Lane = { pid: undefined, marks: [], endedAt: undefined, accident: undefined };
  return {
    startedAt: undefined,
    lanes: Array.from({ length: processes }, () => lane),
    tokens: [],
    expiries: 0,
    refreshes: 0,
    reuses: 0,
    calls: NO_CALLS,
  };
}

/** The picture after something more has happened. */
export function developed(picture: Picture, happening: Happening): Picture {
  const { at } = happening;
  switch (happening.type) {
    case 'expired':
      return { ...picture, expiries: picture.expiries + 1 };
    case 'granted':
      return { ...picture, refreshes: picture.refreshes + 1 };
    case 'reused':
      return { ...picture, reuses: picture.reuses + 1 };
    case 'called':
      return { ...picture, calls: addCalls(picture.calls, happening.calls) };
    case 'started':
      return withLane(picture, happening.lane, () => ({ pid: happening.pid }));
    case 'ended':
      return withLane(picture, happening.lane, () => ({ endedAt: at, accident: happening.accident }));
    case 'emitted': {
      const { token, lane } = happening;
      const tokens = picture.tokens.includes(token) ? picture.tokens : [...picture.tokens, token];
      const known = { ...picture, tokens, startedAt: picture.startedAt ?? at };
      return withMark(known, lane, { at, type: 'emitted', text: letterOf(tokens.indexOf(token)) });
    }
    case 'failed':
      return withMark(picture, happening.lane, { at, type: 'failed', text: happening.code });
    case 'refreshed':
    case 'adopted':
      return withMark(picture, happening.lane, { at, type: happening.type, text: '' });
  }
}

function withMark(picture: Picture, lane: number, mark: Mark): Picture {
  return withLane(picture, lane, ({ marks }) => ({ marks: [...marks, mark].slice(-MARKS_KEPT) }));
}

function withLane(picture: Picture, lane: number, change: (lane: Lane) => Partial<Lane>): Picture {
  return {
    ...picture,
    lanes: picture.lanes.map((one, nth) => (nth === lane ? { ...one, ...change(one) } : one)),
  };
}

/** Marbles are called a, b, c, …, and a again after z. */
function letterOf(nth: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + (nth % 26));
}
