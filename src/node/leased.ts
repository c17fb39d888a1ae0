import { concatMap, defer, finalize, type Observable } from 'rxjs';
import type { Lease } from '../contracts.js';
import { exclusively } from './exclusively.js';
import { fileLease } from './fileLease.js';
import type { HeldLock } from './heldLock.js';
import { changeNotes, thisProcess } from './notes.js';
import { removeTemp } from './removeTemp.js';
import { unreserve } from './reservation.js';
import { settleTempFiles } from './settleTempFiles.js';
import type { Site } from './site.js';
import { tempFilesOf } from './tempFile.js';
import { writing } from './writing.js';

/** Runs `critical` under a refresh lock that was got, and lets the lock go on every exit. */
export function leased<T>(
  lock: HeldLock,
  site: Site,
  siteOf: () => Site,
  critical: (lease: Lease) => Observable<T>,
): Observable<T> {
  return defer(() => lock.use((fd) => begin(fd, site))).pipe(
    concatMap(() => critical(fileLease(lock, site, siteOf))),
    finalize(() => {
      void lock.use(() => unreserve(lock, site)); // after what is on its way
      lock.release();
    }),
  );
}

/** Settles what killed holders left, and signs the notes. */
async function begin(fd: number, site: Site): Promise<void> {
  await writing(site.target, async () => {
    if (tempFilesOf(site.target).length === 0) return;
    const { unused } = await exclusively(site, () => settleTempFiles(site, true));
    unused.forEach(removeTemp);
  });
  try {
    const holder = { by: thisProcess, since: Date.now() };
    changeNotes(fd, (notes) => ({ ...notes, holder }));
  } catch {
    // for people only
  }
}
