/** `npm run chaos`: see `help.ts`. */
import { mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { bundleActors } from './bundleActors.js';
import type { Finding } from './experiment.js';
import { experiments } from './experiments/index.js';
import { help } from './help.js';
import { type Options, readOptions, UsageError } from './options.js';
import { backends } from './stores/index.js';
import { type Row, table } from './table.js';

const DEFAULT_SECONDS = 150;

process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

const options = optionsOrExit();
if (options.help) {
  console.log(help(experiments));
} else {
  process.exitCode = await chaos(options);
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2), Object.keys(experiments));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee npm run chaos -- --help`);
    process.exit(2);
  }
}

async function chaos({ seconds, processes, seed, store, only, breakage }: Options): Promise<number> {
  const sensible = Object.entries(experiments).filter(
    ([, { needs }]) => needs === undefined || backends[store].traits.includes(needs),
  );
  const chosen = sensible.filter(([name]) => only.length === 0 || only.includes(name));
  const weightOf = (some: typeof chosen): number => some.reduce((sum, [, { weight }]) => sum + weight, 0);
  const weights = weightOf(chosen);
  if (chosen.length === 0) console.log(`None of these makes sense for ${store}`);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  console.log(
    `${store}, seed ${seed}, ${processes} processes, ${seconds} s; ${cpus().length} cores, load ${load}, Node ${process.version}`,
  );
  if (breakage) console.log(`BROKEN on purpose: ${breakage}`);

  const { folder, scripts } = await bundleActors();
  const rows: Row[] = [];
  for (const [name, experiment] of chosen) {
    const own = join(folder, name);
    mkdirSync(own, { mode: 0o755 });
    const began = Date.now();
    const share = (seconds * experiment.weight) / weights;
    const standing = await backends[store].start(own);
    const finding = await experiment
      .run({
        seconds: share,
        scale: Math.min(1, ((seconds / DEFAULT_SECONDS) * weightOf(sensible)) / weights),
        processes,
        seed,
        breakage,
        scripts,
        folder: own,
        standing,
        traits: backends[store].traits,
        progress: everySecond((text) => console.log(`${name.padEnd(12)} ${since(began)}  ${text}`)),
      })
      .catch((error: unknown): Finding => ({ measured: 'it failed', violations: [String(error)] }))
      .finally(() => standing.close());
    const { figure, target } = experiment;
    console.log(
      `${name.padEnd(12)} ${since(began)}  ${finding.violations.length === 0 ? 'met' : 'VIOLATED'}`,
    );
    rows.push({ figure, target, ...finding });
  }
  console.log(table(rows));
  const violated = rows.filter(({ violations }) => violations.length > 0).length;
  console.log(`\n${rows.length - violated} of ${rows.length} targets met; seed ${seed}`);
  return violated > 0 || chosen.length === 0 ? 1 : 0;
}

function since(began: number): string {
  return `${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s`;
}

function everySecond(print: (text: string) => void): (text: string) => void {
  let last = 0;
  return (text) => {
    if (Date.now() - last < 1000) return;
    last = Date.now();
    print(text);
  };
}
