import { setTimeout as pause } from 'node:timers/promises';
import { alwaysWrong, failuresOf, wrongWithoutKills } from '../complaints.js';
import type { Experiment } from '../experiment.js';
import { openWorld } from '../world.js';

export const answeredAhead: Experiment = {
  figure: 'getValidToken() while refreshes go on, refreshAheadMs set',
  target: '0 callers waited: all answered from memory',
  weight: 0.1,

  async run(setting) {
    // Fresh for half a second; then there is time for all to refresh or adopt, one after another, before it is due.
    const lifetimeMs = 5000 + 200 * setting.processes;
    const world = await openWorld(setting, {
      rotation: 'strict',
      reuse: 'strict',
      lifetimeMs,
      skewMs: 500,
      refreshAheadMs: setting.breakage === 'ahead' ? 0 : lifetimeMs - 1000,
      pauseMs: 10,
      latencyMs: 50,
    });
    const { provider, crew } = world;
    try {
      await world.startAll();
      const known = provider.decisions.length;
      while (provider.decisions.length === known) await pause(10); // before, nobody was there to refresh ahead
      for (const { child } of crew.active()) child.send('count');
      const began = Date.now();
      const until = Math.max(4000, setting.seconds * 1000);
      while (Date.now() - began < until) {
        setting.progress(`${provider.server.counters.refreshes} refreshes`);
        await pause(50);
      }
      await crew.end();

      const tallies = world.tallies();
      const sum = (of: 'calls' | 'waited' | 'meanwhile'): number =>
        tallies.reduce((total, tally) => total + tally[of], 0);
      const violations = [
        ...(await alwaysWrong(world)),
        ...wrongWithoutKills(world),
        ...failuresOf(tallies).wrong,
      ];
      if (sum('waited') > 0) violations.push(`${sum('waited')} callers waited`);
      if (sum('meanwhile') === 0) violations.push('no call was made during a refresh: nothing was shown');
      return {
        measured:
          `${setting.processes} processes, ${sum('calls')} calls, ${sum('meanwhile')} of them during a refresh of ` +
          `their own process, ${provider.server.counters.refreshes} refreshes: ${sum('waited')} waited`,
        violations,
      };
    } finally {
      await world.close();
    }
  },
};
