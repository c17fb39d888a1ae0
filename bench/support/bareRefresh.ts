import { closeSync, fdatasync, fsync, openSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Asks for a new token and saves it. */
export type BareRefresh = (exchange: () => Promise<object>) => Promise<void>;

const textOf = (response: object): string => JSON.stringify(response, null, 2);
const JOURNAL = Buffer.alloc(512, ' ');

/**
 * The fewest calls that refresh safely in a file. Only what waits for the disk is asynchronous, as it is in
 * `fileStore`: a way through the thread pool for each call would cost more than the calls.
 */
export function bareRefresh(target: string): BareRefresh {
  const lock = openSync(`${target}.lock`, 'wx', 0o600);
  const [sync, syncData] = [promisify(fsync), promisify(fdatasync)];
  return async (exchange) => {
    writeSync(lock, JOURNAL, 0, JOURNAL.length, 0);
    await syncData(lock);
    const response = await exchange();
    const temp = openSync(`${target}.tmp`, 'wx', 0o600);
    writeSync(temp, textOf(response));
    await sync(temp);
    closeSync(temp);
    await rename(`${target}.tmp`, target);
    const folder = openSync(dirname(target), 'r');
    await sync(folder);
    closeSync(folder);
  };
}

/** The same calls through `node:fs/promises`. */
export async function bareRefreshWithPromises(target: string): Promise<BareRefresh> {
  const lock = await open(`${target}.lock`, 'wx', 0o600);
  return async (exchange) => {
    await lock.write(JOURNAL, 0, JOURNAL.length, 0);
    await lock.datasync();
    const response = await exchange();
    const temp = await open(`${target}.tmp`, 'wx', 0o600);
    await temp.writeFile(textOf(response));
    await temp.sync();
    await temp.close();
    await rename(`${target}.tmp`, target);
    const folder = await open(dirname(target));
    await folder.sync();
    await folder.close();
  };
}
