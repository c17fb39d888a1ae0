/** A plain error with a sentence: any test runner can show it. */
export function must(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([field, inner]) => [field, sorted(inner)]));
}

/** By content: the order of fields does not count. */
export function mustEqual(actual: unknown, expected: unknown, sentence: string): void {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(sorted(value)));
  must(found === wanted, `${sentence}: found ${String(found)}, wanted ${String(wanted)}`);
}
