import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Version } from '../contracts.js';
import { versionOf } from './record.js';

/** A temporary file beside the target: of a refresh from `parent`, or (`null`) of any other write. */
export interface TempFile {
  readonly path: string;
  readonly parent: Version | null;
}

/** Names of refreshes and of other writes differ, lest one sweeps what the other is writing. */
const NAME = /^(?:([\w*-]+)\.refresh|set)-[0-9a-f]{12}\.tmp$/;

export function tempPath(target: string, parent: Version | null): string {
  const kind = parent === null ? 'set' : `${parent}.refresh`;
  return join(dirname(target), `${prefixOf(target)}${kind}-${randomUUID().slice(-12)}.tmp`);
}

/** All temporary files beside `target`, whoever made them. */
export function tempFilesOf(target: string): TempFile[] {
  const prefix = prefixOf(target);
  return readdirSync(dirname(target)).flatMap((name) => {
    const match = name.startsWith(prefix) && NAME.exec(name.slice(prefix.length));
    return match ? [{ path: join(dirname(target), name), parent: match[1] ?? null }] : [];
  });
}

/** A name of 200 bytes leaves room for the rest, within the 255 of most file systems. */
function prefixOf(target: string): string {
  const name = Buffer.from(basename(target));
  return `.${name.length > 200 ? versionOf(name) : name.toString()}.`;
}
