import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Block } from './markdown.js';

/** What came of an example. */
export interface Run {
  readonly code: number;
  readonly stdout: readonly string[];
  /** And the tests of `node:test` that have failed. */
  readonly stderr: readonly string[];
  /** The home folder that it had. */
  readonly home: string;
}

/** The entry points beside the root, and where they are in `src`. */
function entries(): [name: string, file: string][] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, unknown>;
  };
  return Object.keys(exports)
    .map((path) => path.slice(2))
    .filter((name) => name !== '' && existsSync(`src/${name}/index.ts`))
    .map((name) => [`rx-token/${name}`, resolve(`src/${name}/index.ts`)]);
}

/** What is in the home folder of every example, as refresh-guard writes it. */
const CREDENTIALS = JSON.stringify({ access_token: 'access-1', refresh_token: 'refresh-1', expires_at: 1 });

/** Of these an example has what it uses, and that alone: the package says that no module has side effects. */
const WORLDS = ['spec/helpers/readmeWorld.ts', 'spec/helpers/worlds/greeter.ts'];

/** What is not bundled. */
const EXTERNAL = [
  ...['rxjs', 'fs-native-extensions', 'oauth4webapi'],
  ...['@grpc/grpc-js', '@nestjs/*', 'ws', 'xhr2'],
];

/** Runs examples as they stand, over `src` and in the world of readmeWorld.ts, each in a process of its own. */
export async function runExamples(blocks: readonly Block[]): Promise<[Map<Block, Run>, cleanUp: () => void]> {
  const folder = mkdtempSync(join(tmpdir(), 'rx-token-readme-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  await build({
    entryPoints: blocks.map(({ code, line }) => {
      const source = join(folder, `line-${line}.ts`);
      writeFileSync(source, code);
      return source;
    }),
    inject: WORLDS.map((file) => resolve(file)),
    alias: Object.fromEntries([...entries(), ['rx-token', resolve('src/index.ts')]]),
    external: EXTERNAL,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
  });
  const runs = blocks.map(async (block) => [block, await run(block, folder)] as const);
  return [new Map(await Promise.all(runs)), () => rmSync(folder, { recursive: true, force: true })];
}

function run({ line, marks }: Block, folder: string): Promise<Run> {
  const script = join(folder, `line-${line}.mjs`);
  const home = join(folder, `home-of-line-${line}`);
  mkdirSync(join(home, '.myapp'), { recursive: true });
  writeFileSync(join(home, '.myapp/credentials.json'), CREDENTIALS);

  const report = `${script}.tap`;
  writeFileSync(report, '');
  const reporting = ['--test-reporter=tap', `--test-reporter-destination=${report}`]; // for those that use node:test
  const env = { ...process.env, HOME: home, USERPROFILE: home };
  return new Promise((done) => {
    const args = [...reporting, script, ...marks];
    execFile(process.execPath, args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      const failed = linesOf(readFileSync(report, 'utf8')).filter((line) => line.startsWith('not ok'));
      done({
        code: error ? Number(error.code ?? NaN) : 0,
        stdout: linesOf(stdout),
        stderr: [...linesOf(stderr), ...failed],
        home,
      });
    });
  });
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
