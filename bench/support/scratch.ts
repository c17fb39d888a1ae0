import { mkdtempSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;

/** A folder for this run, beside the compiled benchmark and swept with it. Fails where a sync costs nothing. */
export function scratchOnDisk(): string {
  const folder = mkdtempSync(join(import.meta.dirname, 'scratch-'));
  const { type } = statfsSync(folder);
  if ([TMPFS, RAMFS].includes(type)) throw new Error(`${folder} is in memory, and not on a disk`);
  return folder;
}
