import type { Picture } from './picture.js';

/** The part of time that is shown: `width` columns, from column `first` on. */
export interface TimeWindow {
  readonly startedAt: number;
  readonly msPerColumn: number;
  readonly first: number;
  readonly width: number;
}

/** The columns that a token lives for: what a column is worth in time follows from it. */
const COLUMNS_PER_LIFE = 20;
const COLUMNS_PER_TICK = 10;

/**
 * All of the time since the start, or as much of it as there is room for.
 *
 * @param lifetime of an access token, in seconds
 */
export function windowAt(
  now: number,
  { startedAt = now }: Picture,
  width: number,
  lifetime: number,
): TimeWindow {
  const fromStart = { startedAt, msPerColumn: (lifetime * 1000) / COLUMNS_PER_LIFE, first: 0, width };
  return { ...fromStart, first: Math.max(0, columnOf(now, fromStart) - width + 1) };
}

export function columnOf(at: number, { startedAt, msPerColumn }: TimeWindow): number {
  return Math.floor((at - startedAt) / msPerColumn);
}

/** The seconds along the time: the labels that fit as a whole. */
export function ruler({ first, width, msPerColumn }: TimeWindow): string {
  const isLabelled = (column: number) => column % COLUMNS_PER_TICK === 0;
  const columns = Array.from({ length: width }, (_, nth) => first + nth).filter(isLabelled);
  return columns.reduce((before, column) => {
    const tick = `${Number(((column * msPerColumn) / 1000).toFixed(1))}s`;
    return column - first + tick.length > width ? before : before.padEnd(column - first) + tick;
  }, '');
}
