import type { Breakage } from './actors/breakages.js';
import type { Standing, Trait } from './stores/backend.js';

export const actorNames = ['caller', 'holder', 'writer', 'rotator', 'multitude'] as const;
export type ActorName = (typeof actorNames)[number];

/** What an experiment is given. */
export interface Setting {
  /** Its share of the time. */
  readonly seconds: number;
  /** The share of the default length that is run: what is counted scales with it. */
  readonly scale: number;
  readonly processes: number;
  readonly seed: number;
  readonly breakage: Breakage | undefined;
  /** The bundled actors, by name. */
  readonly scripts: Readonly<Record<ActorName, string>>;
  /** An empty folder of its own, on a disk. */
  readonly folder: string;
  /** What the store stands on, started for this experiment. */
  readonly standing: Standing;
  readonly traits: readonly Trait[];
  /** Called about once a second while it runs. */
  readonly progress: (text: string) => void;
}

/** One line of the table. */
export interface Finding {
  readonly measured: string;
  /** What went against the target, in words; none: the target is met. */
  readonly violations: readonly string[];
}

export interface Experiment {
  readonly figure: string;
  readonly target: string;
  /** What a store has to be for this to make sense; if it does not say, any will do. */
  readonly needs?: Trait;
  /** How much of the time it gets, among all. */
  readonly weight: number;
  run(setting: Setting): Promise<Finding>;
}
