import { defer } from 'rxjs';
import type { Lease } from '../contracts.js';
import { pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import { notesFrom, notesText, type Notes } from './notes.js';
import type { Shelf } from './shelf.js';

/** How a lock is held; `renew` makes a lease that can lapse last as long as it may. */
export interface Tenure {
  readonly signal: AbortSignal;
  remainingMs(): number;
  renew?(): Promise<unknown>;
}

/** The successor may be longer than what is there, but hardly by so much. */
const SPARE_CHARACTERS = 4096;

/** What a holder of the refresh lock may do, on the notes of a shelf. */
export function tabLease(shelf: Shelf, tab: string, { signal, remainingMs, renew }: Tenure): Lease {
  /** A journal of these tokens that was there before ours: an answer that was lost stays lost. */
  let earlier: Notes['pending'];

  const note = (change: (notes: Notes, record: string | null) => Notes) => () =>
    shelf.change(({ notes, record }) => ({
      put: { notes: notesText(change(notesFrom(notes), record)) },
      result: undefined,
    }));

  return {
    signal,
    remainingMs,
    prepare(held, _version, sentAt, until) {
      const pending = { pair: pairFingerprint(held), sentAt, until, by: tab };
      const journal = note((notes, record) => {
        if (notes.pending?.pair === pending.pair) earlier ??= notes.pending;
        return { ...notes, pending, room: ' '.repeat((record?.length ?? 0) + SPARE_CHARACTERS) };
      });
      return defer(async () => {
        await journal();
        await renew?.();
      });
    },
    acquit: (isGranted) => defer(note(({ dead }) => ({ dead, pending: isGranted ? undefined : earlier }))),
    condemn: (held) => defer(note((notes) => ({ ...notes, dead: tokenFingerprint(held), room: undefined }))),
  };
}
