import { counts } from './counts.js';
import type { Glyphs } from './glyphs.js';
import { type Caption, heading } from './heading.js';
import { hint } from './hint.js';
import { LABEL_COLUMNS, laneList } from './laneList.js';
import { legend } from './legend.js';
import type { Picture } from './picture.js';
import { fitted, type Line, span } from './styledText.js';
import { windowAt } from './timeWindow.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const VALUE_COLUMNS = 11;
const NAME_COLUMNS = 28;
const SHORT_NAME_COLUMNS = 14;
/** With at least this much for the lanes, the counts can have their whole names. */
const MANY_LANE_COLUMNS = 50;
/** With less than this, the counts go below. */
const FEW_LANE_COLUMNS = 24;
const MARGIN = span(' ');

/**
 * The run as lines, at most `size`: a lane per process, time running to the right, the counts beside it. Once
 * there is no more room, the past leaves on the left.
 *
 *                  0s        5s
 *     process 1              R                  1  expiries
 *     pid 4711     a---------b--->              1  refreshes
 *     process 2              A                  0  reuse seen
 *     pid 4712     a---------b--->        412 803  calls served
 */
export function marbleDiagram(
  picture: Picture,
  now: number,
  size: Size,
  glyphs: Glyphs,
  caption: Caption,
): Line[] {
  const columns = size.columns - 2 * MARGIN.text.length;
  const { width, isBeside, isLong } = division(columns);
  const numbers = countLines(picture, isLong);
  const head = [...heading(picture, now, columns, glyphs, caption), []];
  const foot = [[], ...legend(picture, columns, glyphs), hint(picture)];

  const window = windowAt(now, picture, width, caption.lifetime);
  const room = size.rows - head.length - foot.length - (isBeside ? 0 : numbers.length);
  const lanes = laneList(picture, now, window, glyphs, room);
  const body = isBeside ? beside(lanes, [[], ...numbers], LABEL_COLUMNS + width) : [...lanes, ...numbers];

  return [...head, ...body, ...foot]
    .slice(0, size.rows)
    .map((line) => [MARGIN, ...fitted(line, columns), MARGIN]);
}

/** How the width is divided between the lanes and the counts. */
function division(columns: number): { width: number; isBeside: boolean; isLong: boolean } {
  const left = columns - LABEL_COLUMNS - VALUE_COLUMNS;
  if (left - NAME_COLUMNS >= MANY_LANE_COLUMNS) {
    return { width: left - NAME_COLUMNS, isBeside: true, isLong: true };
  }
  if (left - SHORT_NAME_COLUMNS >= FEW_LANE_COLUMNS) {
    return { width: left - SHORT_NAME_COLUMNS, isBeside: true, isLong: false };
  }
  return { width: Math.max(1, columns - LABEL_COLUMNS), isBeside: false, isLong: true };
}

function beside(left: readonly Line[], right: readonly Line[], leftColumns: number): Line[] {
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, nth) => [
    ...fitted(left[nth] ?? [], leftColumns),
    ...(right[nth] ?? []),
  ]);
}

function countLines(picture: Picture, isLong: boolean): Line[] {
  return counts(picture).map(({ name, short, value, alarming }) => [
    span(value.padStart(VALUE_COLUMNS), alarming ? 'red' : 'bold'),
    span(`  ${isLong ? name : short}`, alarming ? 'red' : 'plain'),
  ]);
}
