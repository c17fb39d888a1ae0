import type { Experiment } from '../experiment.js';
import { answeredAhead } from './answeredAhead.js';
import { badDisk } from './badDisk.js';
import { killedInGrace, killedStrict } from './killed.js';
import { nextHolder } from './nextHolder.js';
import { oncePerExpiry } from './oncePerExpiry.js';
import { stopped } from './stopped.js';

export const experiments: Readonly<Record<string, Experiment>> = {
  once: oncePerExpiry,
  'kill-grace': killedInGrace,
  'kill-strict': killedStrict,
  stop: stopped,
  'next-holder': nextHolder,
  disk: badDisk,
  ahead: answeredAhead,
};
