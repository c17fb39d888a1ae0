import { NO_VERSION, type Snapshot, type Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { StoreError } from '../errors.js';
import { pairFingerprint } from '../fingerprint.js';
import { notesOn, type Notes as Journal } from '../journal.js';
import { credentialsFrom, fieldsFrom, isLike, pendingFrom, textFrom } from '../storedText.js';
import type { Row } from './pool.js';

/** A tenure of the lock that has not ended in good order. */
export interface OpenLease {
  readonly id: string;
  /** Since when somebody else has had the lock, by the clock of the server (epoch ms). */
  readonly since?: number | undefined;
}

/** What is ours in a row. */
export interface Notes extends Journal {
  /** Whose journal it is, until its holder has left in good order. */
  readonly lease?: OpenLease | undefined;
}

/** A row of the table, as it was selected; none is signed out. */
export function snapshotOf(row: Row | undefined, table: string): Snapshot {
  if (!row || row['version'] === NO_VERSION) return { credentials: null, version: NO_VERSION };
  const credentials = credentialsIn(row);
  if (!credentials) {
    throw new StoreError(
      'store_corrupt',
      `A row of the table ${table} holds no credentials; set() replaces it`,
    );
  }
  return { credentials, version: row['version'] as Version, ...notesOn(credentials, notesIn(row)) };
}

/** The tenure that may still bring a successor of what is there, though its lock is gone. */
export function openLease(row: Row): OpenLease | undefined {
  const { pending, lease } = notesIn(row);
  const credentials = credentialsIn(row);
  return credentials && pending?.pair === pairFingerprint(credentials) ? lease : undefined;
}

/** Garbage and absent are no notes. */
export function notesIn(row: Row | undefined): Notes {
  const { pending, dead, lease } = fieldsFrom(textFrom(row?.['notes']));
  return {
    pending: pendingFrom(pending),
    dead: textFrom(dead),
    lease: isLike(lease, { id: '', ...('since' in Object(lease) && { since: 0 }) }) ? lease : undefined,
  };
}

function credentialsIn(row: Row): Credentials | null | undefined {
  return credentialsFrom(textFrom(row['credentials']) ?? '');
}
