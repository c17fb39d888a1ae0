import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What befalls a disk: made by the kernel, at any moment, and taken back. */
export interface Trouble {
  /** @param pages of the disk that are left, where that makes sense */
  begin(pages: number): void;
  end(): void;
  /** How many pages it makes sense to leave. */
  readonly most: number;
  /** True: what room was reserved for can still be written. */
  readonly sparesReserved: boolean;
}

const PAGE = 4096;
const PIECE = Buffer.alloc(PAGE, 1);

/** `ENOSPC`, on a file system that nobody else uses. */
function full(path: string): Trouble {
  const filler = join(dirname(path), 'filler');
  return {
    most: 7,
    sparesReserved: true,
    begin(pages) {
      const fd = openSync(filler, 'w');
      for (;;) {
        try {
          writeSync(fd, PIECE);
        } catch {
          break;
        }
      }
      ftruncateSync(fd, Math.max(0, statSync(filler).size - pages * PAGE));
      closeSync(fd);
    },
    end: () => rmSync(filler, { force: true }),
  };
}

/** `EROFS`: the folder is mounted over itself, since a file system with open files cannot be remounted. */
function readOnly(path: string): Trouble {
  const folder = dirname(path);
  return {
    most: 0,
    sparesReserved: false,
    begin() {
      execFileSync('mount', ['--bind', folder, folder]);
      execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
    },
    end: () => void execFileSync('umount', ['-l', folder]),
  };
}

/** `EACCES`, for anybody but root. */
function denied(mode: number): (path: string) => Trouble {
  return (path) => ({
    most: 0,
    sparesReserved: false,
    begin: () => chmodSync(dirname(path), mode),
    end: () => chmodSync(dirname(path), 0o700),
  });
}

export const troubles = {
  'disk full': full,
  'read-only': readOnly,
  'folder not writable': denied(0o500),
  'folder not accessible': denied(0o000),
} satisfies Record<string, (path: string) => Trouble>;

export type TroubleName = keyof typeof troubles;
