import { StoreError } from '../errors.js';
import type { Disk } from './disk.js';
import { holdLock } from './heldLock.js';
import { writeLockPath, type Site } from './site.js';
import type { Patience } from './turn.js';

/** Runs `step` while nobody else writes, here or in another process; waits for writers, never for a refresh. */
export async function exclusively<T>(site: Site, step: () => Promise<T>): Promise<T> {
  const { target, disk } = site;
  const patience = patienceOf(disk);
  const lock = await holdLock(writeLockPath(site), site, patience).catch((error: unknown) => {
    throw patience.signal.aborted
      ? new StoreError(
          'store_unwritable',
          `Cannot write ${target}: another process has been writing it for ${disk.patienceMs} ms; try again`,
          'EBUSY',
        )
      : error;
  });
  try {
    return await step();
  } finally {
    lock.release();
  }
}

function patienceOf({ patienceMs }: Disk): Patience {
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      return (signal ??= AbortSignal.timeout(patienceMs));
    },
  };
}
