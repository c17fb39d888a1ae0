/** Prints rows in columns, figures flush right. */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const isFigure = heads.map((_, column) => /^\d/.test(rows[0]?.[column] ?? ''));
  for (const cells of lines) {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return isFigure[column] ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(`  ${padded.join('   ').trimEnd()}`);
  }
}

/** Says whether a target of speed is met. A miss fails nothing: other work on the machine may be the cause. */
export function printTarget(target: string, isMet: boolean): void {
  console.log(`  ${isMet ? 'met   ' : 'MISSED'} ${target}`);
}

/** What has nothing to do with speed: if it is wrong, the benchmark fails. */
export function printFact(fact: string, isTrue: boolean): void {
  console.log(`  ${isTrue ? 'right ' : 'WRONG '} ${fact}`);
  if (!isTrue) process.exitCode = 1;
}

/** What could not be looked at, and why. */
export function printSkipped(what: string, why: string): void {
  console.log(`  SKIPPED ${what}: ${why}`);
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}
