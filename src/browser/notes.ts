import type { Pending } from '../contracts.js';
import type { Notes as Journal } from '../journal.js';

/** What is ours, beside the record. */
export interface Notes extends Journal {
  /** Takes up the room of a successor until it comes. */
  readonly room?: string | undefined;
}

/** Garbage or absent: no notes. */
export function notesFrom(text: string | null): Notes {
  try {
    const { pending, dead, room } = Object(JSON.parse(text ?? '{}')) as Record<keyof Notes, unknown>;
    return {
      pending: isPending(pending) ? pending : undefined,
      dead: typeof dead === 'string' ? dead : undefined,
      room: typeof room === 'string' ? room : undefined,
    };
  } catch {
    return {};
  }
}

/** `null` where there is nothing to note. */
export function notesText(notes: Notes): string | null {
  const text = JSON.stringify(notes);
  return text === '{}' ? null : text;
}

function isPending(value: unknown): value is Pending {
  const { pair, sentAt, until, by } = Object(value) as Record<keyof Pending, unknown>;
  return (
    typeof pair === 'string' &&
    typeof sentAt === 'number' &&
    typeof until === 'number' &&
    typeof by === 'string'
  );
}
