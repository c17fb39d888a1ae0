import type { CredentialStore } from '../contracts.js';
import { realDisk } from './disk.js';
import { fileStoreOn } from './fileStoreOn.js';

export interface FileStoreOptions {
  /**
   * How often, in ms, to look whether the file has changed where the system does not tell, as on some network
   * file systems. Default 2 500, at least 10, at most a day.
   */
  readonly restatMs?: number | undefined;
}

/**
 * Credentials in a JSON file, shared by any number of processes on this machine.
 *
 * - The file holds the credentials' fields, and keeps what other tools put beside them; its mode is 0600. A
 *   path through symbolic links leads to the same store as the file itself. `~` is the home folder.
 * - Every write replaces the file atomically and durably, if it is still the one that was read.
 * - Refreshes are serialised by a lock of the kernel, on a file beside it (`….lock`): nobody steals it from a
 *   process that is slow or stopped, and it is free the moment its holder dies.
 * - A successor that a killed process had received, but not put in place, is recovered by the next refresh.
 *
 * A missing file, like one that holds `null` or `{}`, is signed out. {@link StoreError}: `store_unreadable`;
 * `store_corrupt`, which stays as it is until `set()` or `clear()` puts it aside (`….corrupt-<time>`);
 * `store_unwritable`. {@link ConfigurationError}, at creation, where the add-on `fs-native-extensions` is
 * missing; when locking, where the file system has no locks.
 *
 * @param path `~` is expanded, a relative path resolved, at creation; a missing folder is made by the first write.
 */
export function fileStore(path: string, { restatMs }: FileStoreOptions = {}): CredentialStore {
  return fileStoreOn(realDisk, path, restatMs);
}
