/** How soon another process's rotation reaches `token$` here. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import type { Rotation } from './rotating-process.js';
import { tokenResponse } from './support/credentials.js';
import { printFact, printTable, printTarget } from './support/report.js';
import { scratchOnDisk } from './support/scratch.js';
import { median, quantile } from './support/statistics.js';

const WARM_UPS = 50;
const ROTATIONS = 1000;
/** Longer than a slow look takes where the system does not tell of a change. */
const PATIENCE_MS = 4000;

const path = join(scratchOnDisk(), 'credentials.json');
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

let requests = 0;
const tokens = createTokenManager({
  store: fileStore(path),
  refresh: () => {
    requests++;
    return tokenResponse();
  },
});
await tokens.set(tokenResponse());

const heard: string[] = [];
const heardAt = new Map<string, number>();
tokens.token$.subscribe((token) => {
  heard.push(token);
  heardAt.set(token, now());
});

const sibling = fork(join(import.meta.dirname, 'rotating-process.mjs'), [path, String(WARM_UPS + ROTATIONS)]);
const [rotations] = (await once(sibling, 'message')) as [Rotation[]];
for (
  let waitedMs = 0;
  waitedMs < PATIENCE_MS && !heardAt.has(rotations.at(-1)?.token ?? '');
  waitedMs += 50
) {
  await pause(50);
}
tokens.dispose();

const counted = rotations.slice(WARM_UPS).filter(({ token }) => heardAt.has(token));
const since = (instant: (rotation: Rotation) => number): number[] =>
  counted.map((rotation) => (heardAt.get(rotation.token) ?? NaN) - instant(rotation));
const sinceAnswer = since(({ answeredAt }) => answeredAt);
const sinceHandedOut = since(({ handedOutAt }) => handedOutAt);

const row = (name: string, ms: number[]): string[] => [
  name,
  ...[median(ms), quantile(ms, 0.99), Math.max(...ms)].map((value) => `${value.toFixed(2)} ms`),
];
printTable(
  [`${counted.length} rotations by another process`, 'p50', 'p99', 'slowest'],
  [
    row("since the provider's answer there, so with the durable write", sinceAnswer),
    row(
      'the durable write alone',
      counted.map(({ answeredAt, handedOutAt }) => handedOutAt - answeredAt),
    ),
    row('since the token was handed out there (negative: here first)', sinceHandedOut),
  ],
);
printTarget(`p99 less than 25 ms since the provider's answer`, quantile(sinceAnswer, 0.99) < 25);

const order = new Map(rotations.map(({ token }, nth) => [token, nth]));
const places = heard.slice(1).map((token) => order.get(token) ?? NaN); // the first was there before
printFact(
  'each token at most once, and in order',
  places.every((place, nth) => nth === 0 || place > (places[nth - 1] ?? NaN)),
);
printFact(
  `the newest token in the end; older ones skipped: ${rotations.length - places.length}`,
  places.at(-1) === rotations.length - 1,
);
printFact('no request here', requests === 0);
