import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { tokenResponse } from '../../support/credentials.js';
import type { MultitudeConfig, MultitudeTold } from '../actors/multitude.js';
import { createCrew } from '../crew.js';
import type { Experiment } from '../experiment.js';
import { openStore } from '../stores/openStore.js';

const KEYS = 10_000;
/** How many of them somebody else writes. */
const WRITTEN = 50;
const PATIENCE_MS = 120_000;

export const manyKeys: Experiment = {
  figure: 'many keys in one process, each with a subscriber of token$',
  target: 'one connection that listens for all; what others write is heard',
  needs: 'server',
  weight: 0.03,

  async run(setting) {
    const { standing } = setting;
    if (!standing.server) throw new Error('There is no server');
    const keys = Math.max(500, Math.round(KEYS * setting.scale));
    const store = standing.describe();
    const crew = createCrew<MultitudeTold>(setting.scripts.multitude, (): MultitudeConfig => ({
      store,
      keys,
    }));
    const opened = await openStore(store);
    try {
      const member = crew.start();
      const giveUpAt = Date.now() + PATIENCE_MS;
      const until = async (condition: () => boolean): Promise<void> => {
        while (!condition() && crew.crashes.length === 0 && Date.now() < giveUpAt) await pause(20);
      };
      await until(() => member.isReady);
      const ready = member.told.find((told) => told.type === 'ready');
      const listeners = await standing.server.listeners();

      const written = new Map<string, string>();
      for (let nth = 0; nth < WRITTEN; nth++) {
        const key = `multitude:${Math.floor((nth * keys) / WRITTEN)}`;
        const other = opened.another?.(key);
        if (!other) throw new Error('A file holds one credential');
        const tokens = createTokenManager({
          store: other,
          refresh: () => Promise.reject(new Error('never')),
        });
        const response = tokenResponse();
        await tokens.set(response);
        tokens.dispose();
        written.set(key, response.access_token);
      }
      const heard = (): number =>
        member.told.filter((told) => told.type === 'heard' && written.get(told.key) === told.token).length;
      await until(() => heard() >= WRITTEN);

      const violations = [...crew.crashes];
      if (!ready) violations.push('the process was never ready');
      if (listeners !== 1) violations.push(`${listeners} connections listen`);
      if (heard() < WRITTEN)
        violations.push(`of ${WRITTEN} tokens written by others ${heard()} were heard of`);
      return {
        measured:
          `${keys} keys: ${listeners} connection that listens, ${((ready?.bytesPerKey ?? NaN) / 1024).toFixed(1)} KiB ` +
          `of memory for each idle key (its credentials, store, manager and subscriber), all signed in after ` +
          `${((ready?.signedInMs ?? NaN) / 1000).toFixed(1)} s; ${heard()} of ${WRITTEN} tokens written by others heard of`,
        violations,
      };
    } finally {
      await crew.killAll();
      await opened.close();
    }
  },
};
