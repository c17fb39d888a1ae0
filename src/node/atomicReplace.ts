import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createPrivate } from './createPrivate.js';
import type { Disk } from './disk.js';
import { patiently } from './patiently.js';
import { removeTemp } from './removeTemp.js';
import { syncFolder } from './syncFolder.js';
import { tempPath } from './tempFile.js';
import { writeAll } from './writeAll.js';

/**
 * Replaces `target` durably: whoever reads, and whoever reads after a crash, finds the old or the new.
 * `makeWay` is called when the new is on the disk and only lacks its name.
 */
export async function atomicReplace(
  target: string,
  bytes: Buffer,
  disk: Disk,
  makeWay: () => Promise<void>,
): Promise<void> {
  const temp = tempPath(target, null);
  try {
    const fd = createPrivate(temp, target, disk);
    try {
      writeAll(fd, bytes);
      await disk.sync(fd);
    } finally {
      closeSync(fd);
    }
    await makeWay();
    await renameDurably(temp, target, disk);
  } catch (error) {
    removeTemp(temp);
    throw error;
  }
}

/** Gives a synced file the name `target`, durably. */
export async function renameDurably(from: string, target: string, disk: Disk): Promise<void> {
  await patiently(() => disk.rename(from, target), disk);
  await syncFolder(dirname(target), disk);
}
