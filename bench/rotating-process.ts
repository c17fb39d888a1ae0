/** The other process of `sibling-latency`: rotates the token of a file again and again, and tells when it did. */
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { tokenResponse } from './support/credentials.js';

export interface Rotation {
  readonly token: string;
  /** When the provider's answer came, and when the new token was handed out here (`process.hrtime`, in ms). */
  readonly answeredAt: number;
  readonly handedOutAt: number;
}

const [path = '', count = '0'] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

let answeredAt = 0;
const tokens = createTokenManager({
  store: fileStore(path),
  refresh: () => {
    answeredAt = now();
    return tokenResponse();
  },
});

const rotations: Rotation[] = [];
let token = await tokens.getValidToken();
while (rotations.length < Number(count)) {
  await pause(10 + 20 * Math.random());
  token = await tokens.renew(token);
  rotations.push({ token, answeredAt, handedOutAt: now() });
}
tokens.dispose();
process.send?.(rotations, () => process.disconnect());
