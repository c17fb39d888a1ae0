import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from './fsError.js';

/** As many as Linux follows: behind a folder that is not there, a link may lead to itself unnoticed. */
const MAX_LINKS = 40;

/**
 * The file that `path` leads to through symbolic links, whether it exists or not: a write replaces that file
 * and leaves the links, and all who share it share its locks. Synchronous, so that callers queue in the order
 * in which they called.
 */
export function realTarget(path: string, maxLinks = MAX_LINKS): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const folder = dirname(path);
    // what is wrong otherwise is found, and told, by whoever opens the path
    if (errnoOf(error) !== 'ENOENT' || folder === path || maxLinks === 0) return path;
    const link = linkAt(path);
    return link === null
      ? join(realTarget(folder, maxLinks), basename(path))
      : realTarget(resolve(realTarget(folder, maxLinks), link), maxLinks - 1);
  }
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // nothing there
  }
}
