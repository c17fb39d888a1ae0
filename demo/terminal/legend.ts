import type { Glyphs } from './glyphs.js';
import type { Picture } from './picture.js';
import { type Line, span, widthOf } from './styledText.js';

const GAP = span('   ');

/** What the signs mean: trouble only once there was any. As many lines as it takes. */
export function legend({ lanes }: Picture, columns: number, glyphs: Glyphs): Line[] {
  const hasFailed = lanes.some(({ marks }) => marks.some(({ type }) => type === 'failed'));
  const isLost = lanes.some(({ accident }) => accident);
  const items: Line[] = [
    [span('a', 'magenta'), span(' emitted token a')],
    [span(glyphs.refreshed, 'green'), span(' did the refresh')],
    [span(glyphs.adopted), span(" adopted a sibling's")],
    ...(hasFailed ? [[span(glyphs.failed, 'red'), span(' failed')]] : []),
    ...(isLost ? [[span(glyphs.killed, 'red'), span(' was killed')]] : []),
  ];
  return items.reduce<Line[]>((lines, item) => {
    const line = [...(lines.at(-1) ?? []), ...(lines.length > 0 ? [GAP] : []), ...item];
    return widthOf(line) <= columns ? [...lines.slice(0, -1), line] : [...lines, item];
  }, []);
}
