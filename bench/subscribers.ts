/** Many subscribers of `validToken$` on an expired token: one refresh, and ten times as many cost ten times as much. */
import { createTokenManager, memoryStore } from 'rx-token';
import { measure, type Trial } from './support/measure.js';
import { heldBackProvider } from './support/provider.js';
import { printFact, printTable, printTarget, times } from './support/report.js';
import { minimum } from './support/statistics.js';

const FEW = 10_000;
const MANY = 100_000;
const expired = { access_token: 'access-1', refresh_token: 'refresh-1', expires_at: 1 };
const renewed = { access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 };

const requests: number[] = [];

/** Subscribes to an expired token, lets the provider answer, and ends when everyone has the new one. */
async function crowd(size: number): Promise<Trial> {
  const provider = heldBackProvider();
  const tokens = createTokenManager({
    store: memoryStore(expired),
    refresh: () => provider.request(renewed),
  });
  await tokens.peek();
  return async () => {
    let served = 0;
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        if (++served === size) resolve();
      };
      const observer = { next, error: reject };
      for (let subscriber = 0; subscriber < size; subscriber++) tokens.validToken$.subscribe(observer);
      provider.answer();
    });
    requests.push(provider.requests);
  };
}

/** The few as often as it takes to make them many: then both sides pay alike for warming up the heap. */
async function crowds(): Promise<Trial> {
  const trials = await Promise.all(Array.from({ length: MANY / FEW }, () => crowd(FEW)));
  return async () => {
    for (const trial of trials) await trial();
  };
}

const durations = await measure({ crowds, crowd: () => crowd(MANY) }, { warmUps: 1, rounds: 10 });
const few = minimum(durations.crowds) / MANY;
const many = minimum(durations.crowd) / MANY;

const row = (count: number, ms: number): string[] => [
  count.toLocaleString('en'),
  `${(ms * count).toFixed(0)} ms`,
  `${(ms * 1000).toFixed(2)} µs`,
  times(ms / few),
];
printTable(
  ['subscribers of validToken$, token expired', 'all', 'each', `${FEW.toLocaleString('en')} = 1`],
  [row(FEW, few), row(MANY, many)],
);
printFact(
  'exactly one refresh, every time',
  requests.every((count) => count === 1),
);
printTarget('each of the many costs at most 2 × each of the few', many <= 2 * few);
