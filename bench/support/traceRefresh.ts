import { execFile, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { scratchOnDisk } from './scratch.js';
import { isAbout, isOnConnection, readSystemCalls, subjectsOf, type SystemCall } from './systemCalls.js';

const CALLS = [
  ...['openat', 'fcntl', 'flock', 'ftruncate', 'fallocate', 'fchmod', 'fchown', '/access', '/^unlink'],
  ...['read', 'readv', 'pread64', 'preadv', 'recvfrom', 'recvmsg', '/write', 'sendto', 'sendmsg'],
  ...['/^rename', '/sync'],
];

export interface Trace {
  /** All that a process did with the folder of its credentials, and with the provider, for one refresh. */
  readonly calls: readonly SystemCall[];
  readonly target: string;
  /** When the caller had the new token; some of the tidying up comes after. */
  readonly handedOutAt: number;
}

export const noStrace: string | undefined =
  spawnSync('strace', ['-V']).status === 0 ? undefined : 'there is no strace (apt-get install strace)';

/** One refresh through `fileStore`, over HTTP, in a process of its own, as the kernel sees it. */
export async function traceRefresh(): Promise<Trace> {
  const folder = scratchOnDisk();
  const target = join(folder, 'credentials.json');
  const markers = ['begun', 'handed out', 'over'].map((name) => join(folder, name));

  const server = fakeAuthorizationServer();
  const tokens = createTokenManager({ store: fileStore(target), refresh: server.refresh });
  await tokens.set(server.signIn());
  tokens.dispose();

  const { url, close } = await server.listen();
  const trace = join(scratchOnDisk(), 'trace');
  const options = ['-ff', '-yy', '-ttt', '-T', '-s', '40', '-e', `trace=${CALLS.join(',')}`, '-o', trace];
  const script = join(import.meta.dirname, 'refreshing-process.mjs');
  const env = { ...process.env, UV_USE_IO_URING: '0' }; // whose calls nobody would see
  const traced = [process.execPath, script, target, url, ...markers];
  await promisify(execFile)('strace', [...options, ...traced], { env });
  await close();

  const all = readSystemCalls(trace);
  const [begun = 0, handedOut = 0, over = 0] = markers.map((marker) =>
    all.findIndex((call) => isAbout(call, marker)),
  );
  const concernsUs = (call: SystemCall): boolean =>
    isOnConnection(call) || subjectsOf(call).some((path) => dirname(path) === folder || path === folder);
  return {
    calls: all
      .slice(begun + 1, over)
      .filter((call, nth) => nth !== handedOut - begun - 1 && concernsUs(call)),
    target,
    handedOutAt: all[handedOut]?.startedAt ?? NaN,
  };
}
