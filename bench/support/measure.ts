import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is timed; it may return a promise. */
export type Trial = () => unknown;

/** Makes a trial, off the clock. */
export type Side = () => Trial | Promise<Trial>;

export interface Plan {
  readonly rounds: number;
  /** Rounds before, which are not counted. */
  readonly warmUps: number;
  /**
   * What is collected before each trial. Collecting `all` also throws away code that was optimised for closures
   * which are gone: right for a trial that leaves millions of objects, and not for one of a millisecond, which
   * would then measure the compiler. Default `all`.
   */
  readonly garbage?: 'all' | 'young';
}

/**
 * Times all sides in turn, round after round, each round beginning with another side, and collects garbage
 * before each trial. Resolves with the durations of each side, in ms, by round.
 */
export async function measure<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmUps, garbage = 'all' }: Plan,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const durations = Object.fromEntries(names.map((name): [Name, number[]] => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    const first = (round + warmUps) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const duration = await time(sides[name], garbage);
      if (round >= 0) durations[name]?.push(duration);
    }
  }
  return durations as Record<Name, number[]>;
}

async function time(side: Side, garbage: Plan['garbage']): Promise<number> {
  const trial = await side();
  globalThis.gc?.({ type: garbage === 'young' ? 'minor' : 'major' });
  await nextTurn(); // what the last trial left to do is done
  const startedAt = performance.now();
  await trial();
  return performance.now() - startedAt;
}
