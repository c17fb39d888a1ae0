import { setImmediate as nextTurn } from 'node:timers/promises';

/** What is timed; it may return a promise. */
export type Trial = () => unknown;

/** Makes a trial, off the clock. */
export type Side = () => Trial | Promise<Trial>;

export interface Plan {
  readonly rounds: number;
  /** Rounds before, which are not counted. */
  readonly warmUps: number;
}

/**
 * Times all sides in turn, round after round, each round beginning with another side, and collects garbage
 * before each trial. Resolves with the durations of each side, in ms, by round.
 */
export async function measure<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmUps }: Plan,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const durations = Object.fromEntries(names.map((name): [Name, number[]] => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    const first = (round + warmUps) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const duration = await time(sides[name]);
      if (round >= 0) durations[name]?.push(duration);
    }
  }
  return durations as Record<Name, number[]>;
}

async function time(side: Side): Promise<number> {
  const trial = await side();
  globalThis.gc?.();
  await nextTurn(); // what the last trial left to do is done
  const startedAt = performance.now();
  await trial();
  return performance.now() - startedAt;
}
