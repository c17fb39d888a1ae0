import { closeSync, ftruncateSync, readFileSync } from 'node:fs';
import type { Version } from '../contracts.js';
import { renameDurably } from './atomicReplace.js';
import { errnoOf } from './fsError.js';
import { CHANGE, READ } from './openFlags.js';
import { readRecord } from './readRecord.js';
import { fromBytes } from './record.js';
import { removeTemp } from './removeTemp.js';
import type { Site } from './site.js';
import { tempFilesOf } from './tempFile.js';

export interface Unsettled {
  /** Room that is reserved and not used: the holder of the refresh lock may be about to use it. */
  readonly unused: readonly string[];
  /** Until the target is replaced, they may be all that is left of the grant. */
  readonly successors: readonly string[];
}

/**
 * Under the write exclusion: settles what killed processes left beside the target. A successor that is whole
 * gets its name if its parent is what is there now, whose refresh token is spent, and `mayPromote`. That is
 * safe, since successors are written and renamed under the write exclusion; and it undoes no sign-out, since
 * nothing is nobody's parent.
 *
 * Returns what is not settled yet. That is all successors where none may be promoted.
 */
export async function settleTempFiles(site: Site, mayPromote: boolean): Promise<Unsettled> {
  const unused: string[] = [];
  const successors: string[] = [];
  for (const { path, parent } of tempFilesOf(site.target)) {
    if (parent === null) removeTemp(path);
    else if (!isWhole(path, site)) unused.push(path);
    else if (!mayPromote) successors.push(path);
    else if (await isParent(parent, site)) await promote(path, site);
    else removeTemp(path);
  }
  return { unused, successors };
}

/** What says nothing about a file: it may be whole, and all that is left of the grant. */
const PASSING = ['EMFILE', 'ENFILE', 'ENOMEM'];

function isWhole(path: string, { disk }: Site): boolean {
  try {
    const fd = disk.open(path, READ);
    try {
      return !!fromBytes(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (PASSING.includes(errnoOf(error) ?? '')) throw error;
    return false;
  }
}

/** Fails where nobody can tell, as of a file that is corrupt: then nothing is settled. */
async function isParent(version: Version, site: Site): Promise<boolean> {
  const present = await readRecord(site);
  return present.credentials !== null && present.version === version;
}

/** Its maker may not have come to cutting off the room left, nor to syncing it. */
async function promote(path: string, { target, disk }: Site): Promise<void> {
  const fd = disk.open(path, CHANGE);
  try {
    const text = readFileSync(fd, 'utf8');
    ftruncateSync(fd, Buffer.byteLength(text.replace(/\n*$/, '\n')));
    await disk.sync(fd);
  } finally {
    closeSync(fd);
  }
  await renameDurably(path, target, disk);
}
