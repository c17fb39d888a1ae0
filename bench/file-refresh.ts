/** A whole refresh through `fileStore`, beside the bare calls without which it would not be safe. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { bareRefresh, bareRefreshWithPromises } from './support/bareRefresh.js';
import { tokenResponse } from './support/credentials.js';
import { measure, type Trial } from './support/measure.js';
import { printFact, printSkipped, printTable, printTarget, times } from './support/report.js';
import { scratchOnDisk } from './support/scratch.js';
import { median, minimum } from './support/statistics.js';
import { isSync } from './support/systemCalls.js';
import { noStrace, traceRefresh } from './support/traceRefresh.js';

/** In this, whoever watches the file has looked at what the last trial wrote. */
const QUIET_MS = 15;

const exchange = () => Promise.resolve(tokenResponse());
const aFile = (): string => join(scratchOnDisk(), 'credentials.json');

const tokens = createTokenManager({ store: fileStore(aFile()), refresh: exchange });
await tokens.set(tokenResponse());
const bare = bareRefresh(aFile());
const promises = await bareRefreshWithPromises(aFile());

const afterAPause = (trial: Trial): Promise<Trial> => pause(QUIET_MS, trial);
const sides = {
  bare: () => afterAPause(() => bare(exchange)),
  promises: () => afterAPause(() => promises(exchange)),
  rxToken: async () => {
    const current = await tokens.getValidToken();
    return afterAPause(() => tokens.renew(current));
  },
};
// Said beside the rest, which measures the library and not the compiler: few processes refresh so often.
const early = await measure(sides, { warmUps: 0, rounds: 100, garbage: 'young' });
const durations = await measure(sides, { warmUps: 900, rounds: 300, garbage: 'young' });
tokens.dispose();

const limit = median(durations.bare);
const row = (name: string, ms: number[], bareMs = limit): string[] => [
  name,
  `${minimum(ms).toFixed(2)} ms`,
  `${median(ms).toFixed(2)} ms`,
  times(median(ms) / bareMs),
];
printTable(
  ['one refresh on a disk', 'fastest', 'median', 'bare calls = 1'],
  [
    row('journal, open, write, fsync, rename, fsync of the folder', durations.bare),
    row('the same through node:fs/promises', durations.promises),
    row('rx-token with fileStore', durations.rxToken),
    row('its first hundred, as compared with the first of the bare calls', early.rxToken, median(early.bare)),
  ],
);
printTarget('at most 2 × the bare calls', median(durations.rxToken) <= 2 * limit);

if (noStrace) printSkipped('the number of syncs', noStrace);
else {
  const syncs = (await traceRefresh()).calls.filter(isSync).length;
  printFact(`at most three syncs a refresh: ${syncs}`, syncs <= 3);
}
