import { setTimeout as pause } from 'node:timers/promises';
import { firstValueFrom, race, timer } from 'rxjs';
import { seededRandom } from 'rx-token/testing';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Experiment } from '../experiment.js';
import { openWorld } from '../world.js';

const RESTARTS = 10;
/** How long the server is gone, at least and at most; starting it takes some more. */
const DOWN_MS = { from: 100, to: 600 };

export const restarted: Experiment = {
  figure: 'server killed (SIGKILL) and restarted in the middle, strict provider',
  target: '0 grants lost, 0 reuse, 0 calls failed: all were served the valid token meanwhile',
  needs: 'server',
  weight: 0.15,

  async run(setting) {
    const { server } = setting.standing;
    if (!server) throw new Error('There is no server');
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      // due after two seconds, and good for eight more: a server may take long to start on a busy machine
      lifetimeMs: 10_000,
      skewMs: 5000,
      refreshAheadMs: 3000,
      latencyMs: 20,
    });
    const { provider, crew } = world;
    const random = seededRandom(setting.seed);
    const restarts = Math.max(2, Math.round(RESTARTS * setting.scale));
    let aimed = 0;
    let downMs = 0;
    try {
      await world.startAll();
      for (let nth = 0; nth < restarts; nth++) {
        setting.progress(`${nth} restarts, ${provider.server.counters.refreshes} refreshes`);
        // Every other time right after the provider has rotated, when nobody has the new token yet but its receiver.
        const isAimed = nth % 2 === 0;
        await firstValueFrom(isAimed ? race(provider.decided$, timer(10_000)) : timer(random() * 2000));
        if (isAimed) aimed++;
        const from = performance.now();
        await server.kill();
        await pause(DOWN_MS.from + random() * (DOWN_MS.to - DOWN_MS.from));
        await server.restart();
        downMs += performance.now() - from;
        await pause(500);
      }
      const known = provider.decisions.length;
      await firstValueFrom(race(provider.decided$, timer(10_000))); // it goes on
      await crew.end();

      const tallies = world.tallies();
      const failures = failuresOf(tallies);
      const calls = tallies.reduce((sum, tally) => sum + tally.calls, 0);
      const violations = [...(await alwaysWrong(world)), ...wrongWithoutKills(world), ...failures.wrong];
      if (provider.decisions.length === known) violations.push('nobody refreshes any more');
      const { counters } = provider.server;
      return {
        measured:
          `${setting.processes} processes, ${restarts} restarts (${aimed} right after the provider had rotated), ` +
          `${(downMs / restarts).toFixed(0)} ms without a server each: ${counters.refreshes} refreshes, ` +
          `${world.losses.size} grants lost, ${counters.reuses} reuse, ${calls} calls; ${failures.timeouts}`,
        violations,
      };
    } finally {
      await world.close();
    }
  },
};
