import type { Notes as Journal } from '../journal.js';
import { fieldsFrom, pendingFrom, textFrom } from '../storedText.js';

/** What is ours, beside the record. */
export interface Notes extends Journal {
  /** Takes up the room of a successor until it comes. */
  readonly room?: string | undefined;
}

/** Garbage or absent: no notes. */
export function notesFrom(text: string | null): Notes {
  const { pending, dead, room } = fieldsFrom(text);
  return { pending: pendingFrom(pending), dead: textFrom(dead), room: textFrom(room) };
}

/** `null` where there is nothing to note. */
export function notesText(notes: Notes): string | null {
  const text = JSON.stringify(notes);
  return text === '{}' ? null : text;
}
