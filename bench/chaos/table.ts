import type { Experiment, Finding } from './experiment.js';

export interface Row extends Pick<Experiment, 'figure' | 'target'>, Finding {}

/** Figure, target and what was measured, one below the other: sentences do not fit side by side. */
export function table(rows: readonly Row[]): string {
  return rows
    .flatMap(({ figure, target, measured, violations }) => [
      '',
      `${violations.length === 0 ? 'met     ' : 'VIOLATED'}  ${figure}`,
      `  target    ${target}`,
      `  measured  ${measured}`,
      ...counted(violations).map((violation) => `  VIOLATION ${violation}`),
    ])
    .join('\n');
}

/** The same thing said a hundred times says no more. */
function counted(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const lines = [...counts].map(([text, count]) => (count > 1 ? `${text} (${count} ×)` : text));
  return lines.length > 10 ? [...lines.slice(0, 10), `… and ${lines.length - 10} others`] : lines;
}
