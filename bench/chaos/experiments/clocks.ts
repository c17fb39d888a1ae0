import { setTimeout as pause } from 'node:timers/promises';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Experiment } from '../experiment.js';
import { openWorld } from '../world.js';

const HOUR_MS = 3_600_000;

export const clocks: Experiment = {
  figure: 'the clock of one machine an hour ahead, of another an hour behind; strict provider',
  target: '0 grants lost, 0 reuse, one request at a time',
  needs: 'server',
  weight: 0.05,

  async run(setting) {
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      lifetimeMs: 300,
      latencyMs: 20,
      clockOffsetMs: (nth) => [HOUR_MS, -HOUR_MS][nth] ?? 0,
    });
    const { provider, crew } = world;
    try {
      await world.startAll();
      const endsAt = Date.now() + 1000 * Math.max(3, setting.seconds);
      while (Date.now() < endsAt) {
        setting.progress(`${provider.server.counters.refreshes} refreshes`);
        await pause(50);
      }
      await crew.end();

      const failures = failuresOf(world.tallies());
      const { counters } = provider.server;
      return {
        measured:
          `${setting.processes} processes: ${counters.requests} requests, ${counters.refreshes} refreshes, at most ` +
          `${counters.maxConcurrent} at once, ${counters.reuses} reuse, ${world.losses.size} grants lost; ${failures.timeouts}`,
        violations: [...(await alwaysWrong(world)), ...wrongWithoutKills(world), ...failures.wrong],
      };
    } finally {
      await world.close();
    }
  },
};
