/** Is what would be published right? Its contents, one copy of every class in a mixed app, its size. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bundle, coreOf, MAX_BROTLI_BYTES, weight } from './bundle.js';

interface Manifest {
  exports: Record<string, string | Record<string, { types: string; default: string }>>;
  peerDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

const scratch = mkdtempSync(join(tmpdir(), 'rx-token-pack-'));
try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', scratch], { encoding: 'utf8' });
  const [pack] = JSON.parse(packed) as [{ filename: string; size: number; files: { path: string }[] }];
  checkContents(pack.files.map(({ path }) => path));
  checkOneCopy(join(scratch, pack.filename));
  checkTypes();
  await checkSize();
  console.log(`packed: ${String(pack.files.length)} files, ${String(pack.size)} bytes`);
} finally {
  rmSync(scratch, { recursive: true });
}

function checkContents(paths: string[]): void {
  console.log('- contents');
  const published = /^(dist\/(esm|cjs)\/.+\.(js|d\.ts)(\.map)?|dist\/cjs\/package\.json|src\/.+\.ts)$/;
  const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  const strangers = paths.filter((path) => !published.test(path) && !texts.includes(path));
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry).flatMap((one) => [one.types, one.default]),
  );
  const needed = [...texts, ...targets.map((target) => target.replace('./', ''))];
  const missing = needed.filter((path) => !paths.includes(path));
  if (strangers.length + missing.length > 0) {
    throw new Error(`the package has ${list(strangers)} too much, and lacks ${list(missing)}`);
  }
}

/** Installs the tarball in an app that both imports and requires it, and compares what they get. */
function checkOneCopy(tarball: string): void {
  console.log('- one copy of every class for import and require, and a CommonJS build that loads');
  const home = join(scratch, 'app/node_modules/rx-token');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xf', tarball, '-C', home, '--strip-components=1']);
  const around = { ...manifest.peerDependencies, ...manifest.optionalDependencies };
  for (const name of [...Object.keys(around), '@angular/compiler']) {
    const link = join(scratch, 'app/node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
  const entries = Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === 'string' ? [] : [[join('rx-token', path), join(home, entry.require?.default ?? '')]],
  );
  const app = join(scratch, 'app/app.mjs');
  copyFileSync('scripts/mixed-app.mjs', app);
  execFileSync(process.execPath, [app, JSON.stringify(entries)], { stdio: 'inherit' });
}

/** Reads every declaration in that app as a strict compiler does that knows a page, and nothing of Node. */
function checkTypes(): void {
  console.log("- types without Node's");
  const app = join(scratch, 'app');
  const entries = Object.keys(manifest.exports).filter((path) => !/angular|json/.test(path)); // Angular has its own
  const imports = entries.map(
    (path, at) => `export * as entry${String(at)} from '${join('rx-token', path)}';`,
  );
  writeFileSync(join(app, 'entries.mts'), imports.join('\n'));
  const options = '--noEmit --strict --exactOptionalPropertyTypes --module nodenext --lib es2022,dom'.split(
    ' ',
  );
  const tsc = [resolve('node_modules/typescript/bin/tsc'), ...options, 'entries.mts'];
  execFileSync(process.execPath, tsc, { cwd: app, stdio: 'inherit' });
}

async function checkSize(): Promise<void> {
  console.log('- size of the root entry');
  const { imports } = await bundle(`export * from './dist/esm/index.js'`);
  const brotliBytes = await weight(await coreOf('./dist/esm/index.js'));
  console.log(`  core: ${String(brotliBytes)} bytes brotli of ${String(MAX_BROTLI_BYTES)}, without rxjs`);
  const foreign = imports.filter((name) => name !== 'rxjs');
  if (foreign.length > 0) throw new Error(`the root entry imports ${list(foreign)}`);
  if (brotliBytes > MAX_BROTLI_BYTES) throw new Error('the core is too big');
}

function list(names: string[]): string {
  return names.length > 0 ? names.join(', ') : 'nothing';
}
