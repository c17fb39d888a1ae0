import { chmod, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ANY_VERSION, NO_VERSION, type Version, type WriteResult } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { StoreError } from '../errors.js';
import { atomicReplace } from './atomicReplace.js';
import { errnoOf } from './fsError.js';
import { tryHoldLock } from './heldLock.js';
import { readNotes, voidNotesOn } from './notes.js';
import { patiently } from './patiently.js';
import { readRecord, type StoredRecord } from './readRecord.js';
import { toBytes, versionOf } from './record.js';
import { redeem, type Reservation } from './reservation.js';
import { removeTemp } from './removeTemp.js';
import { settleTempFiles } from './settleTempFiles.js';
import { refreshLockPath, type Site } from './site.js';
import { snapshotOf } from './snapshotOf.js';
import { syncFolder } from './syncFolder.js';

/** Thrown when what is there is not of the version that was expected. */
class Overtaken extends Error {
  constructor(readonly by: StoredRecord) {
    super('Overtaken');
  }
}

/** Under the write exclusion. Foreign writers know no exclusion: one of them may still get in before the rename. */
export async function compareAndSet(
  site: Site,
  next: Credentials | null,
  expected: Version,
  reservation: Reservation | undefined,
): Promise<WriteResult> {
  // whoever has room has tidied up when they got the lock
  const successors = reservation ? [] : await tidyUp(site, expected);
  const outcome = await replaceAt(site, next, expected, reservation).catch((error: unknown) => {
    if (error instanceof Overtaken) return result(false, error.by, site);
    throw error;
  });
  successors.forEach(removeTemp);
  return outcome;
}

async function replaceAt(
  site: Site,
  next: Credentials | null,
  expected: Version,
  reservation: Reservation | undefined,
): Promise<WriteResult> {
  const present = await presentAt(site, expected);
  if (next === null) {
    if (present) await patiently(() => unlink(site.target).catch(unlessMissing), site.disk);
    else await setAside(site);
    await syncFolder(dirname(site.target), site.disk);
    return result(true, undefined, site);
  }
  const bytes = toBytes(next);
  // first: whoever hears of the write reads the notes, too, and hears nothing of those
  if (expected === ANY_VERSION) await voidNotesOn(next, refreshLockPath(site), site.disk);
  const makeWay = async (): Promise<void> => {
    // the disk may have taken its time: again, lest what others have written meanwhile is replaced
    if (!(await presentAt(site, expected))) await setAside(site);
  };
  const redeemed = reservation && redeem(reservation, site, bytes, expected, makeWay);
  const written = result(true, { credentials: next, version: versionOf(bytes) }, site); // while the disk is busy
  if (!(await redeemed)) await atomicReplace(site.target, bytes, site.disk, makeWay);
  return written;
}

/** What is there now, if it is what was expected; `undefined` for what is corrupt and is to be replaced whatever it is. */
async function presentAt(site: Site, expected: Version): Promise<StoredRecord | undefined> {
  const present = await readRecord(site).catch((error: unknown) => {
    if (expected === ANY_VERSION && error instanceof StoreError && error.code === 'store_corrupt')
      return undefined;
    throw error; // what cannot be read is never overwritten
  });
  if (present && expected !== ANY_VERSION && present.version !== expected) throw new Overtaken(present);
  return present;
}

function result(written: boolean, record: StoredRecord | undefined, site: Site): WriteResult {
  const notes = record?.credentials ? readNotes(refreshLockPath(site)) : {};
  return { written, snapshot: snapshotOf(record ?? { credentials: null, version: NO_VERSION }, notes) };
}

/** Keeps what is corrupt, for whoever wants to know what happened. */
async function setAside({ target, disk }: Site): Promise<void> {
  const aside = `${target}.corrupt-${new Date().toISOString().replaceAll(':', '-')}`;
  await patiently(() => disk.rename(target, aside), disk);
  await chmod(aside, 0o600).catch(() => undefined); // of another owner
}

/** Returns the successors that go once the target is replaced, whatever it is. */
async function tidyUp(site: Site, expected: Version): Promise<readonly string[]> {
  const { unused, successors } = await settleTempFiles(site, expected !== ANY_VERSION);
  if (unused.length > 0) {
    const lock = await tryHoldLock(refreshLockPath(site), site);
    if (lock) unused.forEach(removeTemp); // otherwise it is the room of who holds it
    lock?.release();
  }
  return successors;
}

function unlessMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
