import { closeSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LockHolder } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { notesOn, type Notes as Journal } from '../journal.js';
import { fieldsFrom, isLike, pendingFrom, textFrom } from '../storedText.js';
import type { Disk } from './disk.js';
import { CHANGE, READ } from './openFlags.js';
import { rememberLast } from './rememberLast.js';
import { writeAll } from './writeAll.js';

/** What is ours and not the user's, at the start of the lock file, written by the holder of the refresh lock. */
export interface Notes extends Journal {
  readonly holder?: LockHolder | undefined;
}

/** One sector: it is written whole or not at all. */
const SIZE = 512;

/** Who we are, for people. */
export const thisProcess = `pid ${process.pid} on ${hostname()
  .replace(/[^\w.-]/g, '?')
  .slice(0, 64)}`;

/** Garbage, torn or absent: no notes. */
const parse = rememberLast((bytes): Notes => {
  const { pending, dead, holder } = fieldsFrom(bytes.toString('utf8'));
  return {
    pending: pendingFrom(pending),
    dead: textFrom(dead),
    holder: isLike<LockHolder>(holder, { by: '', since: 0 }) ? holder : undefined,
  };
});

function notesIn(fd: number): Notes {
  const bytes = Buffer.alloc(SIZE);
  return parse(bytes.subarray(0, readSync(fd, bytes, 0, SIZE, 0)));
}

/** Reads the notes of a lock file without its lock. Never fails: notes that cannot be had are none. */
export function readNotes(lockPath: string): Notes {
  try {
    const fd = openSync(lockPath, READ);
    try {
      return notesIn(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return {};
  }
}

/** Changes the notes in an open lock file, in place, by one write. */
export function changeNotes(fd: number, change: (notes: Notes) => Notes): void {
  const notes = change(notesIn(fd));
  const bytes = Buffer.from(`${JSON.stringify(notes).padEnd(SIZE - 1)}\n`);
  writeAll(fd, bytes);
  if (bytes.length === SIZE) parse.keep(bytes, notes);
}

/** A sign-in says that its tokens are good: it voids what was noted of the same ones, whoever did. */
export async function voidNotesOn(credentials: Credentials, lockPath: string, disk: Disk): Promise<void> {
  const { pending, dead } = notesOn(credentials, readNotes(lockPath));
  if (!pending && !dead) return;
  const fd = openSync(lockPath, CHANGE);
  try {
    changeNotes(fd, ({ holder }) => ({ holder }));
    await disk.syncData(fd);
  } finally {
    closeSync(fd);
  }
}
