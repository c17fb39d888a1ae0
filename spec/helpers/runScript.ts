import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from '@jest/globals';
import { build } from 'esbuild';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** It is killed after that; default 15 000 ms. */
  readonly deadlineMs?: number;
}

let installed: Promise<string> | undefined;
let scripts = 0;

/** Runs a module in a plain node that has the library, with nothing between it and the end of its process. */
export async function runScript(code: string, options: ScriptOptions = {}): Promise<Ended> {
  const folder = await (installed ??= install());
  const file = join(folder, `${++scripts}.mjs`);
  writeFileSync(file, code);
  const child = spawn(process.execPath, [file], {
    cwd: options.cwd ?? folder,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  const deadline = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs ?? 15_000);
  return new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      settle({ code, signal, ...said });
    });
  });
}

/** A folder with `rx-token` and `rxjs` installed, as users have them, but that they are quick to load. */
async function install(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rx-token-scripts-'));
  const modules = join(folder, 'node_modules');
  const packages = {
    'rx-token': {
      '.': './index.js',
      './browser': './browser.js',
      './node': './node.js',
      './testing': './testing.js',
    },
    rxjs: { '.': './index.js' },
  };
  for (const [name, exports] of Object.entries(packages)) {
    mkdirSync(join(modules, name), { recursive: true });
    writeFileSync(join(modules, name, 'package.json'), JSON.stringify({ name, type: 'module', exports }));
  }
  symlinkSync(resolve('node_modules/fs-native-extensions'), join(modules, 'fs-native-extensions'));
  await build({
    entryPoints: {
      'rx-token/index': resolve('src/index.ts'),
      'rx-token/browser': resolve('src/browser/index.ts'),
      'rx-token/node': resolve('src/node/index.ts'),
      'rx-token/testing': resolve('src/testing/index.ts'),
      'rxjs/index': 'rxjs',
    },
    outdir: modules,
    bundle: true,
    splitting: true,
    platform: 'neutral',
    conditions: ['es2015'], // one and the same rxjs for all of them
    format: 'esm',
    target: 'node20',
    external: ['node:*', 'fs-native-extensions'],
    logLevel: 'error',
  });
  return folder;
}

afterAll(async () => {
  if (installed) rmSync(await installed, { recursive: true, force: true });
});
