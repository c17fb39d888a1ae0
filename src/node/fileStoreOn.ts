import { defer } from 'rxjs';
import type { CredentialStore } from '../contracts.js';
import { credentialPath } from './credentialPath.js';
import type { Disk } from './disk.js';
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

/** `fileStore` on a disk that a spec can break. Apart, so that the types of the entry ask for none of Node's. */
export function fileStoreOn(disk: Disk, path: string, restatMs = 2500): CredentialStore {
  const file = credentialPath(path);
  if (!Number.isFinite(restatMs) || restatMs < 10 || restatMs > 86_400_000) {
    throw new RangeError('fileStore: restatMs must lie between 10 and 86400000');
  }
  const kernel = kernelLock();
  const parse = rememberLast(contentFrom);
  const siteNow = (): Site => ({ path: file, target: realTarget(file), kernel, parse, disk }); // links may be turned
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
