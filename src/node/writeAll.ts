import { writeSync } from 'node:fs';

/** Writes all of `bytes` from the start of a file: a disk that is filling up takes a part first. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
}
