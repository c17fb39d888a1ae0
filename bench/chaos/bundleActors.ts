import { chmodSync, mkdtempSync, rmSync, statfsSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type ActorName, actorNames, type Setting } from './experiment.js';

const IN_MEMORY = [0x01021994, 0x858458f6]; // tmpfs, ramfs

export interface Workshop {
  readonly folder: string;
  readonly scripts: Setting['scripts'];
}

/** A folder on a disk, gone when this process ends, with the actors bundled for a plain node. */
export async function bundleActors(): Promise<Workshop> {
  const folder = mkdtempSync(join(placeOnDisk(), 'rx-token-chaos-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755); // for actors of other users
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  await build({
    entryPoints: actorNames.map((name) => join(import.meta.dirname, 'actors', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true, // these processes are started by the thousand
    platform: 'neutral', // for `node`, rxjs has but CommonJS, of which nothing can be left out
    conditions: ['es2015'],
    format: 'esm',
    target: 'node20',
    external: ['node:*', 'fs-native-extensions', 'redis', 'pg'],
    logLevel: 'error',
  });
  const scripts = actorNames.map((name) => [name, join(folder, `${name}.mjs`)]);
  return { folder, scripts: Object.fromEntries(scripts) as Record<ActorName, string> };
}

function placeOnDisk(): string {
  const place = [tmpdir(), '/var/tmp', '.'].find((path) => !IN_MEMORY.includes(statfsSync(path).type));
  if (place === undefined) throw new Error('There is no disk here: /tmp, /var/tmp and . are in memory');
  return resolve(place);
}
