/** A process that holds the tokens of many users over one connection, and tells what one of them weighs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createTokenManager, type TokenManager } from 'rx-token';
import { tokenResponse } from '../../support/credentials.js';
import type { StoreDescription } from '../stores/backend.js';
import { openStore } from '../stores/openStore.js';

export interface MultitudeConfig {
  readonly store: StoreDescription;
  readonly keys: number;
}

export type MultitudeTold =
  | { readonly type: 'ready'; readonly bytesPerKey: number; readonly signedInMs: number }
  | { readonly type: 'heard'; readonly key: string; readonly token: string };

const { store: description, keys } = JSON.parse(process.argv[2] ?? '{}') as MultitudeConfig;
const tell = (told: MultitudeTold): void => void process.send?.(told);
const opened = await openStore(description);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function bytesInUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const refresh = (): Promise<never> => Promise.reject(new Error('never called'));
const managers: TokenManager[] = [];
let isQuiet = true as boolean;

async function signedIn(key: string): Promise<void> {
  const store = opened.another?.(key);
  if (!store) throw new Error('A file holds one credential');
  const tokens = createTokenManager({ store, refresh });
  managers.push(tokens);
  await tokens.set(tokenResponse());
  await new Promise<void>((settle) => {
    tokens.token$.subscribe((token) => {
      settle();
      if (!isQuiet) tell({ type: 'heard', key, token });
    });
  });
}

process.on('disconnect', () => process.exit());
process.on('message', () => process.exit());

const BATCH = 500;
await signedIn('multitude:warm');
const before = bytesInUse();
const began = performance.now();
for (let from = 0; from < keys; from += BATCH) {
  const some = Array.from({ length: Math.min(BATCH, keys - from) }, (_, nth) => `multitude:${from + nth}`);
  await Promise.all(some.map(signedIn));
}
const signedInMs = performance.now() - began;
isQuiet = false;
tell({ type: 'ready', bytesPerKey: (bytesInUse() - before) / keys, signedInMs });
