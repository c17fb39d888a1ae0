import { NO_VERSION, type Snapshot } from '../contracts.js';
import { asCredentials, type Credentials } from '../credentials.js';
import { notesOn } from '../journal.js';
import { credentialsFrom, fieldsFrom, pendingFrom } from '../storedText.js';
import type { Answer } from './evaluate.js';
import { corrupt } from './redisError.js';

/** What the server keeps: the credentials as JSON. */
export function textOf(credentials: Credentials | null): string {
  return credentials ? JSON.stringify(asCredentials(credentials)) : '';
}

function textsIn(found: Answer): (string | undefined)[] {
  return (found as (string | null)[]).map((one) => one ?? undefined);
}

/** What a script says that it has found, with the notes that concern it. @throws StoreError `store_corrupt` */
export function snapshotFrom(found: Answer, key: string): Snapshot {
  const [version = '', text, pending, dead] = textsIn(found);
  const credentials = text === undefined ? null : credentialsFrom(text);
  if (credentials === undefined || version === 'WRONGTYPE') throw corrupt(key);
  const notes = { pending: pendingFrom(fieldsFrom(pending)), dead };
  return { credentials, version: credentials ? version : NO_VERSION, ...notesOn(credentials, notes) };
}

/** By what a replacement knows what it replaces: the version, and the count. */
export function seenIn(found: Answer): [version: string, count: string] {
  const [version = '', , , , count = '0'] = textsIn(found);
  return [version, count];
}

/** Where that is no credentials, what stands there. */
export function corruptTextIn(found: Answer): string {
  const [, text] = textsIn(found);
  return text !== undefined && credentialsFrom(text) === undefined ? text : '';
}
