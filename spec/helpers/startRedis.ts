import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'redis';
import { freePort } from './freePort.js';

/** A server of our own, that can be killed and started again on what it had stored. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  /** Starts it again, on the same port and folder; resolves when it answers. */
  start(): Promise<void>;
  /** Sends a signal; resolves when the process has gone, after one that ends it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

const BINARIES = ['redis-server', 'valkey-server'];

/** The server on this machine, if there is one. */
export function redisBinary(): string | undefined {
  return BINARIES.find((name) => spawnSync(name, ['--version']).status === 0);
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server that loses nothing (`appendonly yes`, `appendfsync always`) on a free port of loopback. */
export async function startRedis(...settings: string[]): Promise<OwnRedis> {
  for (let tries = 3; ; tries--) {
    try {
      return await startedOn(await freePort(), settings);
    } catch (error) {
      if (tries === 1) throw error; // somebody else has got that port meanwhile, or the one of the cluster's bus
    }
  }
}

async function startedOn(port: number, settings: readonly string[]): Promise<OwnRedis> {
  const binary = redisBinary();
  if (binary === undefined) throw new Error(`There is no ${BINARIES.join(', and no ')} on the PATH`);
  const folder = mkdtempSync(join(tmpdir(), 'rx-token-redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let gone = Promise.resolve();

  async function start(): Promise<void> {
    const args = `--port ${port} --bind 127.0.0.1 --dir ${folder} --appendonly yes --appendfsync always --save`;
    const server = spawn(binary ?? '', [...args.split(' '), '', ...settings], { stdio: 'ignore' });
    child = server;
    running.add(server);
    gone = new Promise((settle) =>
      server.once('exit', () => {
        running.delete(server);
        settle();
      }),
    );
    const giveUpAt = performance.now() + 20_000;
    while (!(await answers(url))) {
      if (server.exitCode !== null || performance.now() > giveUpAt)
        throw new Error(`${binary} does not start`);
      await pause(10);
    }
  }

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    child?.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await gone;
  }

  await start();
  return {
    url,
    port,
    start,
    kill,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    if (client.isOpen) client.destroy();
  }
}
