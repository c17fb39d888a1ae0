import type { Disk } from './disk.js';
import type { KernelLock } from './kernelLock.js';
import type { Content } from './record.js';

/** Where credentials lie, and by what they are reached. */
export interface Site {
  /** As it was given; where it leads is the target. */
  readonly path: string;
  readonly target: string;
  readonly kernel: KernelLock;
  readonly parse: (bytes: Buffer) => Content;
  readonly disk: Disk;
}

/**
 * The refresh lock and the notes. Two locks are two files, since macOS has no others; and neither is the
 * target, which every write replaces.
 */
export function refreshLockPath({ target }: Site): string {
  return `${target}.lock`;
}

/** The write exclusion: held for a compare-and-set only. */
export function writeLockPath({ target }: Site): string {
  return `${target}.write.lock`;
}
