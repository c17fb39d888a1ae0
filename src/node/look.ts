import { statSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { realTarget } from './realTarget.js';

/** What to listen for. */
export interface Entry {
  readonly folder: string;
  readonly name: string;
  /** Of the folder: another one by the same name has another. */
  readonly identity: string;
}

export interface Look {
  /** The file, and the link to it. */
  readonly entries: readonly Entry[];
  /** Changes when there is another folder to watch, if only by the same name, or one that could not be. */
  readonly place: string;
  /** Changes with the content. */
  readonly content: string;
}

/** What is to be seen of a file from outside, and where to listen for more; `failures` to listen so far. */
export function look(path: string, failures: number): Look {
  const target = realTarget(path);
  const entries = [...new Set([path, target])].map(entryOf);
  return { entries, place: JSON.stringify([failures, entries]), content: contentOf(target) };
}

/** In a folder that is not there, what to listen for is the folder itself. */
function entryOf(file: string): Entry {
  const folder = dirname(file);
  const identity = identityOf(folder);
  return identity || folder === file ? { folder, name: basename(file), identity } : entryOf(folder);
}

function identityOf(path: string): string {
  const stats = statOf(path);
  return stats ? [stats.dev, stats.ino, stats.birthtimeMs].join() : ''; // a new one often gets the number of the last
}

function contentOf(path: string): string {
  const stats = statOf(path);
  return stats ? [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join() : '';
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
