import { interval, timer } from 'rxjs';
import { seededRandom } from 'rx-token/testing';
import type { CallerTold } from '../actors/caller.js';
import type { Member } from '../crew.js';
import type { Experiment } from '../experiment.js';
import { underLapses } from '../lapsing.js';

/** Longer than a lease lasts here, 3 s. */
const STOP_MS = 4500;
const EVERY_MS = 500;

export const paused: Experiment = {
  figure: 'SIGSTOP 4.5 s of whoever refreshes, beyond its lease of 3 s; provider with 60 s grace',
  target: '0 overwrites of a newer credential; double sends are counted',
  needs: 'lease',
  weight: 0.1,

  run: (setting) =>
    underLapses(
      setting,
      ({ crew, provider }) => {
        const random = seededRandom(setting.seed);
        let stops = 0;
        let inside = 0;
        function stop(member: Member<CallerTold> | undefined): boolean {
          if (!member || crew.active().length <= Math.ceil(setting.processes / 2)) return false;
          stops++;
          crew.stop(member);
          timer(STOP_MS).subscribe(() => crew.resume(member));
          return true;
        }
        const going = interval(EVERY_MS).subscribe(() => {
          const active = crew.active();
          stop(active[Math.floor(random() * active.length)]);
        });
        going.add(
          provider.decided$.subscribe(({ actor }) => {
            if (random() < 0.5 && stop(crew.active().find(({ id }) => id === actor))) inside++;
          }),
        );
        return { going, told: () => `${stops} stops (${inside} in the middle of a refresh)` };
      },
      STOP_MS + 500,
    ),
};
