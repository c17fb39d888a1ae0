import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers } from './answers.js';
import { freePort } from './freePort.js';
import { notAsRoot } from './nobody.js';
import { until } from './until.js';

/** A real PgBouncer in transaction mode: each transaction of a client may get another connection of the server. */
export interface PgBouncer {
  readonly url: string;
  start(): Promise<void>;
  /** Kills it: nobody is told goodbye. */
  kill(): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether `pgbouncer` is on the PATH. */
export const hasPgBouncer = spawnSync('pgbouncer', ['--version']).status === 0;

/** Starts one before the server at `serverUrl`. */
export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const { hostname, port: serverPort, username } = new URL(serverUrl);
  const port = await freePort();
  const url = `postgres://${username}@127.0.0.1:${port}/postgres`;
  const folder = mkdtempSync(join(tmpdir(), 'rx-token-pgbouncer-'));
  const config = join(folder, 'pgbouncer.ini');
  chmodSync(folder, 0o755);
  writeFileSync(
    config,
    `[databases]
* = host=${hostname} port=${serverPort} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
server_round_robin = 1
`,
  );
  let bouncer: ChildProcess | undefined;
  const killNow = () => bouncer?.kill('SIGKILL') ?? false;
  process.once('exit', killNow); // this process ends: nothing of it stays behind

  async function start(): Promise<void> {
    bouncer = spawn('pgbouncer', [config], { stdio: 'ignore', ...notAsRoot });
    await until(() => answers(url), 10_000);
  }
  async function kill(): Promise<void> {
    const gone = bouncer && once(bouncer, 'exit');
    if (killNow()) await gone;
  }
  await start();
  return {
    url,
    start,
    kill,
    async dispose() {
      await kill();
      process.off('exit', killNow);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
