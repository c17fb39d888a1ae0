import { defer } from 'rxjs';
import type { Lease } from '../contracts.js';
import { pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import type { HeldLock } from './heldLock.js';
import { changeNotes, thisProcess, type Notes } from './notes.js';
import { reserve } from './reservation.js';
import { refreshLockPath, type Site } from './site.js';
import { writing } from './writing.js';

/** The kernel never takes the lock away, so the lease lasts as long as its holder wants. */
export function fileLease(lock: HeldLock, site: Site): Lease {
  /** A journal of these tokens that was there before ours: an answer that was lost stays lost. */
  let earlier: Notes['pending'];

  const note = (change: (notes: Notes) => Notes, durably: boolean) => () =>
    lock.use((fd) =>
      writing(refreshLockPath(site), async () => {
        changeNotes(fd, change);
        if (durably) await site.disk.syncData(fd);
      }),
    );

  return {
    signal: new AbortController().signal,
    remainingMs: () => Infinity,
    prepare(held, version, sentAt, until) {
      const pending = { pair: pairFingerprint(held), sentAt, until, by: thisProcess };
      const journal = note((notes) => {
        if (notes.pending?.pair === pending.pair) earlier ??= notes.pending;
        return { ...notes, pending };
      }, true);
      return defer(async () => {
        await lock.use(() => writing(site.target, () => reserve(held, version, lock, site)));
        await journal();
      });
    },
    // not synced: it must outlive this process; if the machine fails, the journal stands, which is the safe side
    acquit: () => defer(note((notes) => ({ ...notes, pending: earlier }), false)),
    condemn: (held) => defer(note((notes) => ({ ...notes, dead: tokenFingerprint(held) }), true)),
  };
}
