/** A process that rotates the token again and again, without a provider, and tells when it did. */
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { tokenResponse } from '../../support/credentials.js';
import type { StoreDescription } from '../stores/backend.js';
import { openStore } from '../stores/openStore.js';

export interface RotatorConfig {
  readonly store: StoreDescription;
}

export type RotatorTold =
  | { readonly type: 'ready' }
  /** When the provider's answer came (`process.hrtime`, ms). */
  | { readonly type: 'rotated'; readonly token: string; readonly answeredAt: number };

const { store: description } = JSON.parse(process.argv[2] ?? '{}') as RotatorConfig;
const tell = (told: RotatorTold): void => void process.send?.(told);
const opened = await openStore(description);
let answeredAt = 0;
const tokens = createTokenManager({
  store: opened.store,
  refresh: () => {
    answeredAt = Number(process.hrtime.bigint()) / 1e6;
    return tokenResponse();
  },
});

let isOver = false as boolean;
process.on('disconnect', () => process.exit());
process.on('message', () => (isOver = true));

await tokens.set(tokenResponse());
let token = await tokens.getValidToken();
tell({ type: 'ready' });
while (!isOver) {
  await pause(10 + 20 * Math.random());
  token = await tokens.renew(token);
  tell({ type: 'rotated', token, answeredAt });
}
tokens.dispose();
await opened.close();
process.removeAllListeners('disconnect');
process.disconnect();
