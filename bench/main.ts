/**
 * Runs the benchmarks, or those that are named: `npm run bench -- valid-token subscribers`. Options, such as
 * `--cpu-prof`, go to the Node that runs them.
 *
 * Each gets a process of its own, lest one's garbage and optimisations meddle with the next, and runs what is
 * published: compiled by esbuild alone, since tsx wraps every function to keep its name, which costs much.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const all = [
  'valid-token',
  'bearer-fetch',
  'expired-million',
  'subscribers',
  'file-refresh',
  'sibling-latency',
  'syscalls',
];
const helpers = ['rotating-process', 'refreshing-process'];

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const asked = args.filter((arg) => !arg.startsWith('-'));
const chosen = asked.length > 0 ? asked : all;
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}

const cache = resolve('node_modules/.cache'); // below node_modules, so that what is external is found
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'rx-token-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

await build({
  entryPoints: [...chosen, ...helpers].map((name) => `bench/${name}.ts`),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: folder,
  outExtension: { '.js': '.mjs' },
});

printMachine();
for (const name of chosen) {
  console.log(`\n${name}`);
  process.exitCode = (await run(name)) || process.exitCode;
}

function printMachine(): void {
  const [cpu] = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  console.log(`${new Date().toISOString()}, Node ${process.version}, ${process.platform} ${release()}`);
  console.log(
    `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory}, load ${loadavg()[0]?.toFixed(2) ?? '?'}`,
  );
}

async function run(name: string): Promise<number> {
  const script = join(folder, `${name}.mjs`);
  const benchmark = spawn(process.execPath, ['--expose-gc', ...options, script], { stdio: 'inherit' });
  const [code] = (await once(benchmark, 'exit')) as [number | null];
  return code ?? 1;
}
