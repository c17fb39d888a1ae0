import { closeSync, openSync } from 'node:fs';
import type { Disk } from './disk.js';
import { errnoOf } from './fsError.js';

/** What file systems say that cannot, or need not, make a folder durable by itself; Windows does not even open one. */
const NEEDLESS = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP', 'ENOSYS', 'EBADF'];

/** Makes the names in a folder durable: a new or renamed file survives a power failure only after this. */
export async function syncFolder(folder: string, disk: Disk): Promise<void> {
  try {
    const fd = openSync(folder, 'r');
    await disk.sync(fd).finally(() => closeSync(fd));
  } catch (error) {
    if (!NEEDLESS.includes(errnoOf(error) ?? '')) throw error;
  }
}
