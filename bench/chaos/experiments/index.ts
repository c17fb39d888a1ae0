import type { Experiment } from '../experiment.js';
import { answeredAhead } from './answeredAhead.js';
import { badDisk } from './badDisk.js';
import { clocks } from './clocks.js';
import { cut } from './cut.js';
import { killedInGrace, killedStrict } from './killed.js';
import { lostLock } from './lostLock.js';
import { manyKeys } from './manyKeys.js';
import { nextHolder } from './nextHolder.js';
import { oncePerExpiry } from './oncePerExpiry.js';
import { paused } from './paused.js';
import { restarted } from './restarted.js';
import { siblingLatency } from './siblingLatency.js';
import { stopped } from './stopped.js';

export const experiments: Readonly<Record<string, Experiment>> = {
  once: oncePerExpiry,
  'kill-grace': killedInGrace,
  'kill-strict': killedStrict,
  stop: stopped,
  'next-holder': nextHolder,
  disk: badDisk,
  ahead: answeredAhead,
  restart: restarted,
  cut,
  pause: paused,
  'lost-lock': lostLock,
  clock: clocks,
  latency: siblingLatency,
  keys: manyKeys,
};
