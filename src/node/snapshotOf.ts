import type { Snapshot } from '../contracts.js';
import { notesOn } from '../journal.js';
import type { Notes } from './notes.js';
import type { StoredRecord } from './readRecord.js';

/** A record with the notes that concern it. */
export function snapshotOf({ credentials, version, warning }: StoredRecord, notes: Notes): Snapshot {
  return { credentials, version, ...notesOn(credentials, notes), ...(warning !== undefined && { warning }) };
}
