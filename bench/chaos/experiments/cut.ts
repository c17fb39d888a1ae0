import { setTimeout as pause } from 'node:timers/promises';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Experiment } from '../experiment.js';
import { openWorld } from '../world.js';

const EVERY_MS = 200;

export const cut: Experiment = {
  figure: `all connections to the server cut every ${EVERY_MS} ms, strict provider`,
  target: '0 grants lost, 0 reuse, 0 calls failed',
  needs: 'server',
  weight: 0.06,

  async run(setting) {
    const { server } = setting.standing;
    if (!server) throw new Error('There is no server');
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      lifetimeMs: 2000,
      skewMs: 1000,
      latencyMs: 20,
    });
    const { provider, crew } = world;
    try {
      await world.startAll();
      const endsAt = Date.now() + 1000 * Math.max(3, setting.seconds);
      let cuts = 0;
      while (Date.now() < endsAt) {
        setting.progress(`${cuts} cuts, ${provider.server.counters.refreshes} refreshes`);
        await server.cut();
        cuts++;
        await pause(EVERY_MS);
      }
      await crew.end();

      const failures = failuresOf(world.tallies());
      const { counters } = provider.server;
      return {
        measured:
          `${setting.processes} processes, ${cuts} times cut: ${counters.refreshes} refreshes, ` +
          `${world.losses.size} grants lost, ${counters.reuses} reuse; ${failures.timeouts}`,
        violations: [...(await alwaysWrong(world)), ...wrongWithoutKills(world), ...failures.wrong],
      };
    } finally {
      await world.close();
    }
  },
};
