import { fdatasync, fsync, openSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * What a write asks of the system: the seam through which specs bring in the faults of other systems.
 *
 * Only what waits for the disk is asynchronous. Everything else costs microseconds, and a way through the
 * thread pool for each would make a refresh take several times as long as its calls.
 */
export interface Disk {
  readonly open: typeof openSync;
  readonly sync: (fd: number) => Promise<void>;
  readonly syncData: (fd: number) => Promise<void>;
  readonly rename: typeof rename;
  readonly platform: NodeJS.Platform;
  /** How long to wait, in ms, for another process that writes, or that reads on Windows, before giving up. */
  readonly patienceMs: number;
}

export const realDisk: Disk = {
  open: openSync,
  sync: promisify(fsync),
  syncData: promisify(fdatasync),
  rename,
  platform: process.platform,
  patienceMs: 10_000,
};
