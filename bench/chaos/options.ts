import { parseArgs } from 'node:util';
import { breakages, type Breakage } from './actors/breakages.js';
import { backends, type StoreName } from './stores/index.js';

export interface Options {
  readonly seconds: number;
  readonly processes: number;
  readonly seed: number;
  readonly store: StoreName;
  /** Names of experiments; empty: all. */
  readonly only: readonly string[];
  readonly breakage: Breakage | undefined;
  readonly help: boolean;
}

/** What somebody typed that makes no sense. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function readOptions(args: readonly string[], experiments: readonly string[]): Options {
  const { seconds, processes, seed, store = 'file', only = [], break: breakage, help = false } = parsed(args);
  if (!(store in backends)) throw new UsageError(`--store: one of ${Object.keys(backends).join(', ')}`);
  for (const name of only) {
    if (!experiments.includes(name)) throw new UsageError(`--only: one of ${experiments.join(', ')}`);
  }
  if (breakage !== undefined && !(breakage in breakages)) {
    throw new UsageError(`--break: one of ${Object.keys(breakages).join(', ')}`);
  }
  return {
    seconds: whole('seconds', seconds ?? '150', 5, 86_400),
    processes: whole('processes', processes ?? '20', 2, 200),
    seed: whole('seed', seed ?? String(Date.now() % 1_000_000), 0, 2 ** 31),
    store: store as StoreName,
    only,
    breakage: breakage as Breakage | undefined,
    help,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        processes: { type: 'string' },
        seed: { type: 'string' },
        store: { type: 'string' },
        only: { type: 'string', multiple: true },
        break: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < from || value > to) {
    throw new UsageError(`--${name}: a whole number from ${from} to ${to}`);
  }
  return value;
}
