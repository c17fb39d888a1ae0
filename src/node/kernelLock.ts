import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { ConfigurationError } from '../errors.js';
import { errnoOf } from './fsError.js';

/** Locks that belong to an open descriptor: the kernel frees them when it is closed, even by `kill -9`. */
export interface KernelLock {
  /** False: another descriptor holds it. */
  tryLock(fd: number, path: string): boolean;
  unlock(fd: number): void;
}

interface AddOn {
  tryLock(fd: number, offset: number, length: number): boolean;
  unlock(fd: number, offset: number, length: number): void;
}

/**
 * One byte far behind the content: on Windows a locked range cannot be read by others, and the notes are read
 * while the lock is held. macOS locks whole files only, and lets them be read.
 */
const range: [offset: number, length: number] = process.platform === 'darwin' ? [0, 0] : [2 ** 30, 1];

let loaded: KernelLock | undefined;

/** The kernel's file locks; a {@link ConfigurationError} where there are none. */
export function kernelLock(): KernelLock {
  return (loaded ??= around(addOn()));
}

function addOn(): AddOn {
  try {
    // unseen by bundlers, which cannot pack binaries; `__filename` is what CommonJS and bundles of it have
    const isCommonJs = typeof __filename === 'string' && isAbsolute(__filename); // `[eval]` is seen in ES modules, too
    const here = isCommonJs ? __filename : import.meta.url;
    return createRequire(here)('fs-native-extensions') as AddOn;
  } catch (error) {
    const missing = errnoOf(error) === 'MODULE_NOT_FOUND';
    throw new ConfigurationError(
      missing
        ? 'fileStore locks files through the add-on fs-native-extensions, which is not installed: npm install fs-native-extensions (a bundler must leave it external)'
        : `fileStore locks files through the add-on fs-native-extensions, which does not load on ${process.platform} ${process.arch} (it has binaries for macOS, Windows and Linux with glibc): use another store here`,
    );
  }
}

function around({ tryLock, unlock }: AddOn): KernelLock {
  return {
    tryLock(fd, path) {
      try {
        return tryLock(fd, ...range);
      } catch (error) {
        throw new ConfigurationError(
          `The file system of ${path} has no locks (${errnoOf(error) ?? 'no code'}): move the credentials to a local disk, or use another store`,
        );
      }
    },
    unlock: (fd) => unlock(fd, ...range),
  };
}
