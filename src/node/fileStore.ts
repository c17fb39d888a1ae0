import { defer } from 'rxjs';
import type { CredentialStore } from '../contracts.js';
import { credentialPath } from './credentialPath.js';
import { realDisk, type Disk } from './disk.js';
import { fileLock } from './fileLock.js';
import { kernelLock } from './kernelLock.js';
import { readNotes } from './notes.js';
import { readRecord } from './readRecord.js';
import { realTarget } from './realTarget.js';
import { contentFrom } from './record.js';
import { rememberLast } from './rememberLast.js';
import { refreshLockPath, type Site } from './site.js';
import { snapshotOf } from './snapshotOf.js';
import { watchFile } from './watchFile.js';
import { writeRecord } from './writeRecord.js';

export interface FileStoreOptions {
  /**
   * How often, in ms, to look whether the file has changed where the system does not tell, as on some network
   * file systems. Default 2 500, at least 10, at most a day.
   */
  readonly restatMs?: number | undefined;
}

/**
 * Credentials in a JSON file, shared by any number of processes on this machine.
 *
 * - The file holds the credentials' fields, and keeps what other tools put beside them; its mode is 0600. A
 *   path through symbolic links leads to the same store as the file itself. `~` is the home folder.
 * - Every write replaces the file atomically and durably, if it is still the one that was read.
 * - Refreshes are serialised by a lock of the kernel, on a file beside it (`….lock`): nobody steals it from a
 *   process that is slow or stopped, and it is free the moment its holder dies.
 * - A successor that a killed process had received, but not put in place, is recovered by the next refresh.
 *
 * A missing file, like one that holds `null` or `{}`, is signed out. {@link StoreError}: `store_unreadable`;
 * `store_corrupt`, which stays as it is until `set()` replaces it and keeps a copy (`….corrupt-<time>`);
 * `store_unwritable`. {@link ConfigurationError}, at creation, where the add-on `fs-native-extensions` is
 * missing; when locking, where the file system has no locks.
 *
 * @param path `~` is expanded, a relative path resolved, at creation; a missing folder is made by the first write.
 */
export function fileStore(path: string, options: FileStoreOptions = {}): CredentialStore {
  return fileStoreOn(realDisk, path, options);
}

/** {@link fileStore} on a disk that a spec can break. */
export function fileStoreOn(
  disk: Disk,
  path: string,
  { restatMs = 2500 }: FileStoreOptions,
): CredentialStore {
  const file = credentialPath(path);
  if (!Number.isFinite(restatMs) || restatMs < 10 || restatMs > 86_400_000) {
    throw new RangeError('fileStore: restatMs must lie between 10 and 86400000');
  }
  const kernel = kernelLock();
  const parse = rememberLast(contentFrom);
  const siteNow = (): Site => ({ target: realTarget(file), kernel, parse, disk }); // links may be turned
  return {
    read: () =>
      defer(async () => {
        const site = siteNow();
        const record = await readRecord(site);
        return snapshotOf(record, record.credentials ? readNotes(refreshLockPath(site)) : {});
      }),
    write: (next, expected) => defer(() => writeRecord(siteNow(), next, expected)),
    changes$: watchFile(file, restatMs),
    lock: fileLock(siteNow),
  };
}
