import { NO_VERSION, type Pending, type Snapshot } from '../contracts.js';
import { asCredentials, frozenFrom, isCredentials, printable, type Credentials } from '../credentials.js';
import { notesOn } from '../journal.js';
import type { Answer } from './evaluate.js';
import { corrupt } from './redisError.js';

/** What the server keeps: the credentials as JSON. */
export function textOf(credentials: Credentials | null): string {
  return credentials ? JSON.stringify(asCredentials(credentials)) : '';
}

/** `null` is signed out, as others write it, too; `undefined` is no credentials at all. */
function credentialsFrom(text: string): Credentials | null | undefined {
  try {
    const value = frozenFrom(text);
    if (isCredentials(value)) return printable(value);
    return ['null', '{}'].includes(JSON.stringify(value)) ? null : undefined;
  } catch {
    return undefined; // the parser's own message would quote the record
  }
}

function textsIn(found: Answer): (string | undefined)[] {
  return (found as (string | null)[]).map((one) => one ?? undefined);
}

/** What a script says that it has found, with the notes that concern it. @throws StoreError `store_corrupt` */
export function snapshotFrom(found: Answer, key: string): Snapshot {
  const [version = '', text, pending, dead] = textsIn(found);
  const credentials = text === undefined ? null : credentialsFrom(text);
  if (credentials === undefined || version === 'WRONGTYPE') throw corrupt(key);
  const notes = { pending: pendingFrom(pending), dead };
  return { credentials, version: credentials ? version : NO_VERSION, ...notesOn(credentials, notes) };
}

/** Where that is no credentials, what stands there. */
export function corruptTextIn(found: Answer): string {
  const [, text] = textsIn(found);
  return text !== undefined && credentialsFrom(text) === undefined ? text : '';
}

/** Garbage or absent: no journal. */
export function pendingFrom(text: string | undefined): Pending | undefined {
  try {
    const { pair, sentAt, until, by } = JSON.parse(text ?? '') as Partial<Record<keyof Pending, unknown>>;
    const isOne =
      [pair, by].every((one) => typeof one === 'string') &&
      [sentAt, until].every((one) => typeof one === 'number');
    return isOne ? ({ pair, sentAt, until, by } as Pending) : undefined;
  } catch {
    return undefined;
  }
}
