import { exhaustMap, interval } from 'rxjs';
import type { Experiment } from '../experiment.js';
import { underLapses } from '../lapsing.js';

const EVERY_MS = 20;

export const lostLock: Experiment = {
  figure: `the lock's key deleted every ${EVERY_MS} ms, provider with 60 s grace`,
  target: '0 overwrites of a newer credential; double sends are counted',
  needs: 'lease',
  weight: 0.06,

  run: (setting) =>
    underLapses(
      setting,
      ({ standing }) => {
        let times = 0;
        const going = interval(EVERY_MS)
          .pipe(exhaustMap(async () => standing.server?.loseLock?.()))
          .subscribe(() => times++);
        return { going, told: () => `${times} times deleted` };
      },
      500,
    ),
};
