import type { CredentialStore } from '../contracts.js';
import { memoryStore } from '../stores/memoryStore.js';
import { farewell } from './farewell.js';
import { indexedDbShelf } from './indexedDbShelf.js';
import { isServer, platform, type IndexedDbLike } from './platform.js';
import { readTabOptions, sharedByTabs, type TabStoreOptions } from './tabOptions.js';

export interface IndexedDbStoreOptions extends TabStoreOptions {
  /** Default: the browser's own. */
  readonly indexedDB?: IndexedDbLike | undefined;
}

/**
 * Credentials as an object in a database of their own, shared by the tabs and workers of an origin.
 *
 * - A write is one transaction, and durable when it completes. Refreshes are serialised by a Web Lock, which the
 *   browser frees when a tab ends, and never before.
 * - **Without Web Locks** (plain http but on localhost, engines of before 2022) the lock is a lease in the database:
 *   taken in a transaction, so that exactly one tab has it; but `lossy`, for it lapses in a tab that sleeps. A page
 *   that goes says so in an item of `localStorage`, for no transaction would end in time.
 * - On a server, where there is no IndexedDB, it is a `memoryStore()`: make one for each request.
 * - Whatever runs in the page can read what is stored.
 *
 * No object, like `null` or `{}`, is signed out. {@link StoreError}: `store_unreadable`, as where the browser does
 * not permit storage; `store_corrupt`, which stays as it is until `set()` or `clear()`, and is then kept
 * (`credentials.corrupt-<time>`); `store_unwritable`, as where the storage is full.
 *
 * @param name of the database; the credentials are the object `credentials` of its object store `rx-token`
 * @throws TypeError or RangeError that names the option
 */
export function indexedDbStore(name: string, options: IndexedDbStoreOptions = {}): CredentialStore {
  if (typeof name !== 'string' || name === '')
    throw new TypeError('indexedDbStore: name must be a non-empty string');
  const world = readTabOptions('indexedDbStore', options);
  if (options.indexedDB !== undefined && typeof options.indexedDB.open !== 'function')
    throw new TypeError('indexedDbStore: indexedDB must be an IDBFactory');
  if (!options.indexedDB && isServer()) return memoryStore();
  const factoryOf = (): IndexedDbLike => options.indexedDB ?? usualFactory();
  const shared = `rx-token/indexedDB/${name}`;
  const polite = { ...world, farewell: farewell(world.page, `${shared}/farewell`) };
  return sharedByTabs(indexedDbShelf(name, factoryOf), shared, polite, 0);
}

function usualFactory(): IndexedDbLike {
  const { indexedDB } = platform();
  if (!indexedDB) throw Object.assign(new Error(), { name: 'SecurityError' }); // switched off
  return indexedDB;
}
