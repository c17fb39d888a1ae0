import type { Glyphs } from './glyphs.js';
import type { Lane, Mark } from './picture.js';
import { span, type Line, type Span, type Style } from './styledText.js';
import { columnOf, type TimeWindow } from './timeWindow.js';

const TOKEN_STYLES: readonly Style[] = ['cyan', 'magenta', 'yellow', 'blue'];

const NOTHING = span(' ');

/** A lane, in two rows: how its tokens came, and the marbles themselves. */
export function laneRows(lane: Lane, now: number, window: TimeWindow, glyphs: Glyphs): [Line, Line] {
  const isMarble = ({ type }: Mark) => type === 'emitted';
  const marbles = byColumn(lane.marks.filter(isMarble), window, glyphs);
  const others = byColumn(
    lane.marks.filter((mark) => !isMarble(mark)),
    window,
    glyphs,
  );
  const columns = Array.from({ length: window.width }, (_, nth) => window.first + nth);
  return [
    columns.map((column) => others.get(column) ?? NOTHING),
    columns.map((column) => lifeAt(column, lane, now, window, glyphs, marbles.get(column))),
  ];
}

/** Where there are several, the last is on top. */
function byColumn(marks: readonly Mark[], window: TimeWindow, glyphs: Glyphs): Map<number, Span> {
  return new Map(marks.map((mark) => [columnOf(mark.at, window), drawn(mark, glyphs)]));
}

function lifeAt(
  column: number,
  { marks, endedAt, accident }: Lane,
  now: number,
  window: TimeWindow,
  glyphs: Glyphs,
  marble: Span | undefined,
): Span {
  const begin = columnOf(marks[0]?.at ?? Infinity, window);
  const end = columnOf(endedAt ?? now, window);
  if (column < begin || column > end) return NOTHING;
  if (column === end && accident) return span(glyphs.killed, 'red');
  if (marble) return marble;
  if (column < end) return span(glyphs.time, 'dim');
  return span(endedAt === undefined ? glyphs.now : glyphs.completed, 'dim');
}

function drawn({ type, text }: Mark, glyphs: Glyphs): Span {
  switch (type) {
    case 'emitted':
      return span(text, tokenStyle(text));
    case 'refreshed':
      return span(glyphs.refreshed, 'green');
    case 'adopted':
      return span(glyphs.adopted, 'plain');
    case 'failed':
      return span(glyphs.failed, 'red');
  }
}

/** One token, one colour, on whatever lane. */
function tokenStyle(letter: string): Style {
  return TOKEN_STYLES[letter.charCodeAt(0) % TOKEN_STYLES.length] ?? 'cyan';
}
