import { closeSync, existsSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StoreError } from '../errors.js';
import { createPrivate } from './createPrivate.js';
import { errnoOf, fsError } from './fsError.js';
import { CHANGE } from './openFlags.js';
import type { Site } from './site.js';
import { syncFolder } from './syncFolder.js';
import { turn, type Patience } from './turn.js';

/** A try costs 8 µs, and the next holder should be in long before 50 ms; irregular, so that nobody starves. */
const pollMs = () => 4 + 4 * Math.random();

/** A lock file that this process holds. */
export interface HeldLock {
  /** Runs `step` after those before it; the lock is not let go before all have ended. */
  use<T>(step: (fd: number) => Promise<T> | T): Promise<T>;
  release(): void;
  readonly released: boolean;
  /** Whether it is held, and is still, for all that can be told, the one that others find at `path`. */
  isAt(path: string): boolean;
}

/**
 * Waits for the lock on the file at `path`, which is made where it is missing and never removed, until
 * `patience` ends. Polls, since a wait in the kernel cannot be cancelled; one waiter a process does.
 */
export async function holdLock(path: string, site: Site, patience: Patience): Promise<HeldLock> {
  const leave = await turn(path, patience);
  try {
    for (;;) {
      const fd = await openLockFile(path, site);
      try {
        while (!site.kernel.tryLock(fd, path)) await pause(pollMs(), undefined, patience);
        // somebody may have removed or replaced the file all the same: then others lock another one
        if (isAt(fd, path)) return held(fd, site, leave);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      closeSync(fd);
    }
  } catch (error) {
    leave();
    throw patience.signal.aborted ? error : fsError('store_unwritable', path, error);
  }
}

/** The lock if nobody, here or elsewhere, holds it just now. */
export async function tryHoldLock(path: string, site: Site): Promise<HeldLock | null> {
  const fd = await openLockFile(path, site);
  let isOurs = false;
  try {
    isOurs = site.kernel.tryLock(fd, path);
    return isOurs ? held(fd, site, () => undefined) : null;
  } finally {
    if (!isOurs) closeSync(fd);
  }
}

function held(fd: number, { kernel }: Site, leave: () => void): HeldLock {
  let last: Promise<unknown> = Promise.resolve();
  let released = false;
  const queue = <T>(step: () => Promise<T> | T): Promise<T> => {
    const result = last.then(step);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    get released() {
      return released;
    },
    isAt: (path) => !released && !isElsewhere(fd, path),
    use: (step) => queue(released ? tooLate : () => step(fd)),
    release() {
      if (released) return;
      released = true;
      // after what is on its way: through a closed descriptor it would end in whatever file gets its number
      void queue(() => {
        leave();
        kernel.unlock(fd);
      })
        .finally(() => closeSync(fd))
        .catch(() => undefined); // nobody waits for it
    },
  };
}

function tooLate(): never {
  throw new StoreError('store_unwritable', 'The refresh lock was let go already');
}

async function openLockFile(path: string, { target, disk }: Site): Promise<number> {
  for (;;) {
    try {
      return openSync(path, CHANGE);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      const like = existsSync(target) ? target : dirname(target);
      closeSync(createPrivate(path, like, disk));
      await syncFolder(dirname(path), disk); // once: a journal in a file without a name would be none
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function isAt(fd: number, path: string): boolean {
  const [ours, theirs] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return ours.ino === theirs?.ino && ours.dev === theirs.dev;
}

function isElsewhere(fd: number, path: string): boolean {
  try {
    return !isAt(fd, path);
  } catch {
    return false; // where we may not look
  }
}
