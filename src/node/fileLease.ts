import { defer } from 'rxjs';
import type { Lease } from '../contracts.js';
import { pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import { NEVER_ABORTS } from '../neverAborts.js';
import type { HeldLock } from './heldLock.js';
import { changeNotes, thisProcess, type Notes } from './notes.js';
import { reserve } from './reservation.js';
import { refreshLockPath, type Site } from './site.js';
import { writing } from './writing.js';

/**
 * The kernel never takes the lock away, so the lease lasts as long as its holder wants; unless people remove the
 * file, or turn a link, since others then lock another one.
 */
export function fileLease(lock: HeldLock, site: Site, siteOf: () => Site): Lease {
  /** A journal of these tokens that was there before ours: an answer that was lost stays lost. */
  let earlier: Notes['pending'];

  const withoutJournal = (notes: Notes): Notes => ({ ...notes, pending: earlier });
  const note = (fd: number, change: (notes: Notes) => Notes) =>
    writing(refreshLockPath(site), () => changeNotes(fd, change));
  const noteDurably = (fd: number, change: (notes: Notes) => Notes) =>
    writing(refreshLockPath(site), () => {
      changeNotes(fd, change);
      return site.disk.syncData(fd);
    });

  return {
    signal: NEVER_ABORTS,
    remainingMs: () => (lock.isAt(refreshLockPath(siteOf())) ? Infinity : 0),
    prepare(held, version, sentAt, until) {
      const pending = { pair: pairFingerprint(held), sentAt, until, by: thisProcess };
      const journal = (notes: Notes): Notes => {
        if (notes.pending?.pair === pending.pair) earlier ??= notes.pending;
        return { ...notes, pending };
      };
      return defer(() =>
        lock.use(async (fd) => {
          const outcomes = await Promise.allSettled([
            noteDurably(fd, journal),
            writing(site.target, () => reserve(held, version, lock, site)), // while the disk is busy with the journal
          ]);
          const failure = outcomes.find(({ status }) => status === 'rejected');
          if (!failure) return;
          await note(fd, withoutJournal); // nothing will be sent
          throw (failure as PromiseRejectedResult).reason;
        }),
      );
    },
    // not synced: it must outlive this process; if the machine fails, the journal stands, which is the safe side
    acquit: (isGranted) =>
      defer(() => {
        if (isGranted) earlier = undefined;
        return lock.use((fd) => note(fd, withoutJournal));
      }),
    condemn: (held) =>
      defer(() => lock.use((fd) => noteDurably(fd, (notes) => ({ ...notes, dead: tokenFingerprint(held) })))),
  };
}
