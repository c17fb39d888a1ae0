import type { Picture } from './picture.js';
import { type Line, span } from './styledText.js';

/** The last trouble there was, or what else one could try. */
export function hint({ lanes }: Picture): Line {
  const failures = lanes.flatMap(({ marks }, nth) =>
    marks.filter(({ type }) => type === 'failed').map(({ at, text }) => ({ at, text, nth })),
  );
  const latest = failures.sort((a, b) => a.at - b.at).at(-1);
  if (latest) return [span(`process ${latest.nth + 1}: ${latest.text}`, 'red')];
  if (lanes.every(({ endedAt }) => endedAt !== undefined)) return [];
  return [span('Ctrl-C ends it. kill -9 a process, and watch the others go on.', 'dim')];
}
