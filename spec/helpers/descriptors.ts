import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** How many descriptors of the file at `path`, or of what was there, this process has open. */
export function descriptors(path: string): number {
  const target = (fd: string) => {
    try {
      return readlinkSync(join('/proc/self/fd', fd));
    } catch {
      return ''; // the one of the listing itself
    }
  };
  return readdirSync('/proc/self/fd').filter((fd) => target(fd).startsWith(path)).length;
}
