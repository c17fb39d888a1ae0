import { concatMap, defer, Observable } from 'rxjs';
import type { CredentialLock } from '../contracts.js';
import { holdLock, tryHoldLock, type HeldLock } from './heldLock.js';
import { leased } from './leased.js';
import { readNotes } from './notes.js';
import { refreshLockPath, type Site } from './site.js';

/** The refresh lock: an exclusion by the kernel, freed when its holder lets go or dies, and never before. */
export function fileLock(siteOf: () => Site): CredentialLock {
  const hold: CredentialLock['hold'] = (critical) =>
    defer(() => {
      const site = siteOf();
      return taken(site).pipe(
        concatMap(({ lock, hasWaited }) => {
          if (!hasWaited || siteOf().target === site.target) return leased(lock, site, siteOf, critical);
          lock.release(); // a link was turned in the meantime: what is read now is under another lock
          return hold(critical);
        }),
      );
    });
  return {
    lossy: false,
    hold,
    holder: () =>
      defer(async () => {
        const site = siteOf();
        const { holder } = readNotes(refreshLockPath(site));
        if (!holder) return null;
        const free = await tryHoldLock(refreshLockPath(site), site).catch(() => null);
        free?.release();
        return free ? null : holder;
      }),
  };
}

/** Emits the lock, once it is ours, to whoever will let it go. Who has left by then is not given it. */
function taken(site: Site): Observable<{ lock: HeldLock; hasWaited: boolean }> {
  return new Observable((subscriber) => {
    let left: AbortController | undefined; // of whoever has to wait
    const leaving = (): AbortController => (left ??= new AbortController());
    let isIn = false;
    const patience = {
      get signal() {
        return leaving().signal;
      },
    };
    holdLock(refreshLockPath(site), site, patience).then(
      (lock) => {
        if (subscriber.closed) lock.release();
        isIn = true;
        subscriber.next({ lock, hasWaited: left !== undefined });
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => {
      if (!isIn) leaving().abort();
    };
  });
}
