import { setTimeout as pause } from 'node:timers/promises';
import { interval, timer } from 'rxjs';
import { seededRandom } from 'rx-token/testing';
import type { CallerTold } from '../actors/caller.js';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Member } from '../crew.js';
import type { Experiment } from '../experiment.js';
import { openWorld } from '../world.js';

const STOP_MS = 3500;
const EVERY_MS = 400;
/** One in so many who ask the provider is stopped in the middle of it: by chance alone hardly one would be. */
const AIMED = 1 / 6;

export const stopped: Experiment = {
  figure: 'SIGSTOP 3.5 s at random, strict provider',
  target: '0 grants lost, 0 double sends',
  needs: 'lasting',
  weight: 0.14,

  async run(setting) {
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      lifetimeMs: 300,
      latencyMs: 20,
    });
    const { provider, crew } = world;
    const random = seededRandom(setting.seed);
    let stops = 0;
    let inside = 0;

    function stop(member: Member<CallerTold> | undefined): boolean {
      if (!member || crew.active().length <= 1) return false;
      stops++;
      crew.stop(member);
      timer(STOP_MS).subscribe(() => crew.resume(member));
      return true;
    }

    try {
      await world.startAll();
      const began = Date.now();
      const stopping = interval(EVERY_MS).subscribe(() => {
        const active = crew.active();
        stop(active[Math.floor(random() * active.length)]);
      });
      stopping.add(
        provider.decided$.subscribe(({ actor }) => {
          if (random() >= AIMED && inside > 0) return;
          if (stop(crew.active().find(({ id }) => id === actor))) inside++;
        }),
      );
      while (Date.now() - began < setting.seconds * 1000) {
        setting.progress(`${stops} stops, ${provider.server.counters.refreshes} refreshes`);
        await pause(50);
      }
      stopping.unsubscribe();
      await pause(STOP_MS + 200);
      await crew.end();

      const failures = failuresOf(world.tallies());
      const { counters } = provider.server;
      return {
        measured:
          `${setting.processes} processes, ${stops} stops (${inside} in the middle of a refresh): ` +
          `${counters.refreshes} refreshes, ${world.losses.size} grants lost, ${counters.reuses} reuse, at most ` +
          `${counters.maxConcurrent} request at once; ${failures.timeouts}`,
        violations: [...(await alwaysWrong(world)), ...wrongWithoutKills(world), ...failures.wrong],
      };
    } finally {
      await world.close();
    }
  },
};
