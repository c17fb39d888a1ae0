import type { Glyphs } from './glyphs.js';
import { laneRows } from './laneRows.js';
import type { Lane, Picture } from './picture.js';
import { type Line, type Span, span } from './styledText.js';
import { ruler, type TimeWindow } from './timeWindow.js';

/** What is said on the left of each lane. */
export const LABEL_COLUMNS = 13;

/**
 * The time, and the lanes below it, in `rows` rows at most: three rows each if there is room, else two, and only
 * as many lanes as there is room for.
 */
export function laneList(
  picture: Picture,
  now: number,
  window: TimeWindow,
  glyphs: Glyphs,
  rows: number,
): Line[] {
  const { lanes } = picture;
  const rowsEach = (rows - 1) / lanes.length >= 3 ? 3 : 2;
  const room = Math.max(1, Math.floor((rows - 1) / rowsEach));
  const shown = lanes.length <= room ? lanes : lanes.slice(0, Math.max(1, Math.floor((rows - 2) / rowsEach)));
  const hidden = lanes.length - shown.length;
  return [
    [label(''), span(ruler(window), 'dim')],
    ...shown.flatMap((lane, nth): Line[] => {
      const [marks, marbles] = laneRows(lane, now, window, glyphs);
      return [
        [label(`process ${nth + 1}`), ...marks],
        [label(pidOf(lane), 'dim'), ...(lane.marks.length > 0 ? marbles : [stateOf(lane)])],
        ...(rowsEach === 3 ? [[]] : []),
      ];
    }),
    ...(hidden > 0 ? [[span(`and ${hidden} more`, 'dim')]] : []),
  ];
}

function label(text: string, style?: Span['style']): Span {
  return span(text.padEnd(LABEL_COLUMNS), style);
}

function pidOf({ pid }: Lane): string {
  return pid === undefined ? '' : `pid ${pid}`;
}

/** Of a lane with nothing on it. */
function stateOf({ endedAt }: Lane): Span {
  return span(endedAt === undefined ? 'starting' : 'ended', 'dim');
}
