/** What `traceRefresh` watches: refreshes twice, and says to the tracer where the second begins and ends. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { refreshOverHttp } from 'rx-token/testing';

/** In this, the lock of the last refresh is let go, and whoever watches the file has looked. */
const QUIET_MS = 100;

const [path = '', tokenUrl = '', ...markers] = process.argv.slice(2);
const [begun = '', handedOut = '', over = ''] = markers;

const tokens = createTokenManager({ store: fileStore(path), refresh: refreshOverHttp(tokenUrl) });
const first = await tokens.renew(await tokens.getValidToken()); // makes the lock files, and a connection
await pause(QUIET_MS);
existsSync(begun);
await tokens.renew(first);
existsSync(handedOut);
await pause(QUIET_MS);
existsSync(over);
process.exit(); // the connection is kept alive
