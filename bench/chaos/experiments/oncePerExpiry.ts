import { setTimeout as pause } from 'node:timers/promises';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Experiment } from '../experiment.js';
import { openWorld, type World } from '../world.js';

/** Those who wait enter one after another: a shorter life would be over before the last has been in. */
const lifetimeMs = (processes: number): number => 200 + 15 * processes;

export const oncePerExpiry: Experiment = {
  figure: 'expiries, no faults, strict provider',
  target: 'refreshes = expiries, one request at a time, 0 reuse',
  weight: 0.24,

  async run(setting) {
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      lifetimeMs: lifetimeMs(setting.processes),
      latencyMs: 20,
    });
    const { provider, crew } = world;
    const expiries = Math.max(3, Math.round(100 * setting.scale));
    try {
      await world.startAll();
      const from = provider.decisions.length;
      const giveUpAt = Date.now() + 1000 * Math.max(20, 5 * setting.seconds);
      while (provider.decisions.length - from < expiries && Date.now() < giveUpAt) {
        setting.progress(`${provider.decisions.length - from} of ${expiries} refreshes`);
        await pause(10);
      }
      const counted = provider.decisions.slice(from).length;
      await crew.end();

      const failures = failuresOf(world.tallies());
      const violations = [...(await alwaysWrong(world)), ...wrongWithoutKills(world), ...failures.wrong];
      if (counted < expiries) violations.push(`only ${counted} of ${expiries} refreshes in the time`);
      const early = earlyRefreshes(world);
      if (early > 0) violations.push(`${early} refreshes of tokens that had not expired`);

      const { counters } = provider.server;
      const fewest = Math.min(...world.tallies().map(({ tokens }) => tokens));
      return {
        measured:
          `${setting.processes} processes × ${provider.server.presented.size} expiries: ${counters.requests} requests, ` +
          `${counters.refreshes} refreshes, at most ${counters.maxConcurrent} at once, ${counters.reuses} reuse; ` +
          `each process was given ${fewest} tokens or more; ${failures.timeouts}`,
        violations,
      };
    } finally {
      await world.close();
    }
  },
};

/** How many requests came before the token that they replace had expired, as its owner tells. */
function earlyRefreshes({ provider, crew }: World): number {
  const expiresAt = new Map<string, number>();
  for (const { id, told } of crew.all.values()) {
    const saved = told.filter((one) => one.type === 'saved');
    const granted = provider.decisions.filter(({ actor, issued }) => actor === id && issued !== undefined);
    if (saved.length !== granted.length) continue; // who has not told of each cannot say which was which
    granted.forEach(({ issued = '' }, nth) => expiresAt.set(issued, saved[nth]?.expiresAt ?? Infinity));
  }
  return provider.decisions.filter(({ presented, at }) => at < (expiresAt.get(presented) ?? 0)).length;
}
