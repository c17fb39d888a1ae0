import { ANY_VERSION, type Snapshot, type Version, type WriteResult } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { StoreError } from '../errors.js';
import { notesOn } from '../journal.js';
import { notesFrom, notesText } from './notes.js';
import { recordFrom, versionOf } from './record.js';
import type { Change, Texts } from './shelf.js';

/**
 * What the texts say.
 *
 * @throws StoreError `store_corrupt`
 */
export function snapshotOf({ record, notes }: Texts, place: string): Snapshot {
  const credentials = recordFrom(record);
  if (credentials === undefined) {
    throw new StoreError(
      'store_corrupt',
      `${place} holds no credentials; set() replaces it and keeps a copy`,
    );
  }
  return { credentials, version: versionOf(record, credentials), ...notesOn(credentials, notesFrom(notes)) };
}

/** Replaces the record if its version is still `expected`; what is corrupt gives way to a sign-in or sign-out only. */
export function compareAndSet(
  found: Texts,
  next: Credentials | null,
  expected: Version,
  place: string,
): Change<WriteResult> {
  const record = next && JSON.stringify(next);
  if (expected === ANY_VERSION) {
    // A sign-in says that its tokens are good, whatever was noted of them. Notes first: who hears reads both.
    const put = { notes: null, record };
    const setAside = recordFrom(found.record) === undefined;
    return { put, setAside, result: { written: true, snapshot: snapshotOf({ ...found, ...put }, place) } };
  }
  const snapshot = snapshotOf(found, place);
  if (snapshot.version !== expected) return { result: { written: false, snapshot } };
  const earlier = notesFrom(found.notes);
  const { pending, dead } = notesOn(next, earlier);
  const put = { record, notes: notesText({ pending, dead: dead ? earlier.dead : undefined }) };
  return { put, result: { written: true, snapshot: snapshotOf({ ...found, ...put }, place) } };
}
