import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { NO_VERSION, type Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { StoreError } from '../errors.js';
import { errnoOf, fsError } from './fsError.js';
import { READ } from './openFlags.js';
import type { Site } from './site.js';

export interface StoredRecord {
  readonly credentials: Credentials | null;
  readonly version: Version;
  readonly warning?: string | undefined;
}

const MAX_BYTES = 10 * 1024 * 1024;

/** After these, a file that another tool was just writing in place is whole again. */
const REREAD_MS = [25, 75];

/** Windows refuses a file that is just being replaced. */
const PASSING = process.platform === 'win32' ? ['EBUSY', 'EPERM', 'EACCES'] : ['EBUSY'];

/** Reads the target. Missing is signed out; unreadable and corrupt are two different errors. */
export async function readRecord(site: Site): Promise<StoredRecord> {
  for (const delayMs of REREAD_MS) {
    try {
      return readOnce(site);
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await pause(delayMs);
  }
  return readOnce(site);
}

function mayPass(error: unknown): boolean {
  return (
    error instanceof StoreError && (error.code === 'store_corrupt' || PASSING.includes(error.reason ?? ''))
  );
}

function readOnce({ target, parse }: Site): StoredRecord {
  const found = contentOf(target);
  if (!found) return { credentials: null, version: NO_VERSION };
  const { credentials, version } = parse(found.bytes);
  if (credentials === undefined) {
    throw new StoreError(
      'store_corrupt',
      `${target} holds no credentials; set() replaces it and keeps a copy`,
    );
  }
  return { credentials, version, warning: warningAbout(target, found.stats) };
}

/** Whatever happens to lie there, this neither blocks (a pipe) nor fills the memory. `null`: nothing lies there. */
function contentOf(path: string): { bytes: Buffer; stats: Stats } | null {
  try {
    const fd = openSync(path, READ);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw failed(stats.isDirectory() ? 'EISDIR' : 'EINVAL');
      if (stats.size > MAX_BYTES) throw failed('EFBIG');
      return { bytes: readFileSync(fd), stats };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null; // or a link to nothing
    throw fsError('store_unreadable', path, error);
  }
}

function failed(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function warningAbout(path: string, { mode, uid }: Stats): string | undefined {
  if (process.platform === 'win32') return undefined; // has no modes
  if ((mode & 0o077) !== 0) {
    return `${path} is open to other users (mode ${(mode & 0o777).toString(8)}); the next write makes it 600`;
  }
  const isOurs = [uid, 0].includes(process.geteuid?.() ?? uid);
  return isOurs ? undefined : `${path} belongs to another user`;
}
