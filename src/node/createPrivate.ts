import { closeSync, fchmodSync, fchownSync, statSync } from 'node:fs';
import type { Disk } from './disk.js';
import { CREATE } from './openFlags.js';

/** Makes a file that only its owner can open, from birth and whatever the umask. It belongs to whom `like` does. */
export function createPrivate(path: string, like: string, disk: Disk): number {
  const fd = disk.open(path, CREATE, 0o600);
  try {
    fchmodSync(fd, 0o600);
    giveAway(fd, like);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * What root makes, as through `sudo`, would lock its user out of what was theirs. Everyone else, and where
 * it fails, keeps what they made.
 */
function giveAway(fd: number, like: string): void {
  if (process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(like);
    if (uid !== 0) fchownSync(fd, uid, gid);
  } catch {
    // nothing to be like, or a file system without owners
  }
}
