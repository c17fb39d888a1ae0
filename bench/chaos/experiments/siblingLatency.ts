import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { quantile } from '../../support/statistics.js';
import type { RotatorConfig, RotatorTold } from '../actors/rotator.js';
import { createCrew } from '../crew.js';
import type { Experiment } from '../experiment.js';
import { openStore } from '../stores/openStore.js';

const TARGET_MS = 50;
const WARM_UPS = 20;
const PATIENCE_MS = 5000;

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export const siblingLatency: Experiment = {
  figure: "from the provider's answer in one process to token$ of another",
  target: `p99 under ${TARGET_MS} ms`,
  needs: 'server',
  weight: 0.03,

  async run(setting) {
    const store = setting.standing.describe();
    const crew = createCrew<RotatorTold>(setting.scripts.rotator, (): RotatorConfig => ({ store }));
    const opened = await openStore(store);
    let requests = 0;
    const tokens = createTokenManager({
      store: opened.store,
      refresh: () => {
        requests++;
        throw new Error('not here');
      },
    });
    try {
      const rotator = crew.start();
      const heardAt = new Map<string, number>();
      tokens.token$.subscribe((token) => heardAt.set(token, now()));
      const endsAt = now() + 1000 * Math.max(4, setting.seconds);
      while (now() < endsAt) {
        setting.progress(`${rotator.told.length} rotations`);
        await pause(50);
      }
      await crew.end();
      const rotations = rotator.told.filter((told) => told.type === 'rotated');
      const newest = rotations.at(-1)?.token ?? '';
      const giveUpAt = now() + PATIENCE_MS;
      while (!heardAt.has(newest) && now() < giveUpAt) await pause(10);

      const samples = rotations
        .slice(WARM_UPS)
        .flatMap(({ token, answeredAt }) => (heardAt.get(token) ?? NaN) - answeredAt)
        .filter((ms) => !Number.isNaN(ms));
      const p99 = quantile(samples, 0.99);
      const violations = [...crew.crashes];
      if (!(p99 < TARGET_MS)) violations.push(`p99 is ${p99.toFixed(1)} ms`);
      if (!heardAt.has(newest)) violations.push('the newest token was never heard of');
      if (requests > 0) violations.push(`${requests} requests by the one that only listens`);
      return {
        measured:
          `${samples.length} rotations: p50 ${quantile(samples, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slowest ` +
          `${Math.max(...samples).toFixed(1)} ms, the durable write included`,
        violations,
      };
    } finally {
      await crew.killAll();
      tokens.dispose();
      await opened.close();
    }
  },
};
