import { fork, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach } from '@jest/globals';
import { build } from 'esbuild';

/** A process of its own that does what it is told: killable, stoppable, under another user if need be. */
export interface Actor {
  readonly process: ChildProcess;
  /** Calls what the actor's script gave to `obey` under this name. */
  call<T = unknown>(name: string, ...args: unknown[]): Promise<T>;
  /** Resolves with the next thing that it tells of itself under this name. */
  told<T = unknown>(name: string): Promise<T>;
  /** All that it has told of itself under this name. */
  tales<T = unknown>(name: string): T[];
  /** Sends a signal; resolves when the process has gone, after one that ends it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** All that it has printed. */
  output(): string;
}

export interface ActorOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A user and group to run as, where this process may choose. */
  readonly uid?: number | undefined;
  /** Runs it through this command, such as `unshare -rm`. */
  readonly through?: readonly [command: string, ...args: string[]];
}

/** What goes over the channel, in both directions; see `obey.ts`. */
interface Message {
  readonly id?: number;
  readonly tells?: string;
  readonly value?: unknown;
  readonly error?: Record<string, unknown>;
}

let folder: string | undefined;
const scripts = new Map<string, Promise<string>>();
const alive = new Set<Actor>();

/**
 * Starts the TypeScript file `source` (from the root of the repository) in a plain node: bundled once for
 * each spec file, which takes some 50 ms; the process is there some 50 ms later.
 */
export async function spawnActor(source: string, options: ActorOptions = {}): Promise<Actor> {
  const script = scripts.get(source) ?? bundled(source);
  scripts.set(source, script);
  const [command, ...before] = options.through ?? [process.execPath];
  const child = fork(await script, options.args ?? [], {
    execPath: command,
    execArgv: options.through ? [...before, process.execPath] : [],
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    ...(options.uid !== undefined && process.getuid?.() === 0 && { uid: options.uid, gid: options.uid }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const actor = actorOf(child);
  alive.add(actor);
  await actor.told('ready');
  return actor;
}

function actorOf(child: ChildProcess): Actor {
  let ids = 0;
  let printed = '';
  const tales: { tells: string; value: unknown }[] = [];
  const waiting = new Set<{ hears: (message: Message) => boolean; fails: (error: Error) => void }>();
  const gone = new Promise<void>((settle) => child.once('close', settle));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  child.on('message', (message: Message) => {
    if (message.tells !== undefined) tales.push({ tells: message.tells, value: message.value });
    for (const one of waiting) if (one.hears(message)) waiting.delete(one);
  });
  void gone.then(() => {
    for (const one of waiting) one.fails(new Error(`The actor has ended. It printed: ${printed}`));
  });

  const answer = <T>(hears: (message: Message) => boolean): Promise<T> =>
    new Promise((settle, fails) => {
      waiting.add({
        hears(message) {
          if (!hears(message)) return false;
          if (message.error) fails(Object.assign(new Error(), message.error));
          else settle(message.value as T);
          return true;
        },
        fails,
      });
    });

  return {
    process: child,
    call(name, ...args) {
      const id = ++ids;
      const answered = answer<never>((message) => message.id === id);
      child.send({ id, name, args });
      return answered;
    },
    told: (name) => answer((message) => message.tells === name),
    tales: <T>(name: string) => tales.filter(({ tells }) => tells === name).map(({ value }) => value as T),
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await gone;
    },
    output: () => printed,
  };
}

async function bundled(source: string): Promise<string> {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'rx-token-actors-'));
    chmodSync(folder, 0o755); // for actors of other users
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  }
  const outfile = join(folder, `${scripts.size}.mjs`);
  await build({
    entryPoints: [resolve(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['fs-native-extensions', 'redis', 'ioredis', 'pg'],
    logLevel: 'error',
  });
  return outfile;
}

afterEach(async () => {
  const running = [...alive].filter(
    ({ process }) => process.exitCode === null && process.signalCode === null,
  );
  await Promise.all(running.map((actor) => actor.kill()));
  alive.clear();
});

afterAll(() => {
  if (folder !== undefined && existsSync(folder)) rmSync(folder, { recursive: true, force: true });
});
