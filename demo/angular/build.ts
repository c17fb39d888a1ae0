/** Builds the library, packs it as it would be published, installs that beside the application, and builds it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Says what it does; shows what was printed only if that went wrong. */
function step(name: string, folder: string, command: string): void {
  console.log(`  ${name}`);
  const { status, stdout, stderr } = spawnSync(command, { cwd: folder, shell: true, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${stdout}\n${stderr}\nrx-token demo: \`${command}\` failed in ${folder}`);
  process.exit(1);
}

const packed = mkdtempSync(join(tmpdir(), 'rx-token-demo-'));
try {
  step('building the library', root, 'npm run build');
  step('packing it', root, `npm pack --pack-destination "${packed}"`);
  const [tarball = ''] = readdirSync(packed);
  renameSync(join(packed, tarball), join(here, 'rx-token.tgz'));
} finally {
  rmSync(packed, { recursive: true, force: true });
}

// installing takes longer than all the rest: not again what is there
const stamp = join(here, 'node_modules', '.rx-token-demo');
const wanted = createHash('sha256');
for (const file of ['package-lock.json', 'rx-token.tgz']) wanted.update(readFileSync(join(here, file)));
const digest = wanted.digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  step('installing the application', here, 'npm ci --no-audit --no-fund');
  writeFileSync(stamp, digest);
}
step('building it', here, 'npm run build');
