import type { CredentialStore } from '../contracts.js';
import { memoryStore } from '../stores/memoryStore.js';
import { isServer, platform, type StorageLike } from './platform.js';
import { randomName } from './randomName.js';
import { readTabOptions, sharedByTabs, type TabStoreOptions } from './tabOptions.js';
import { numberKey, webStorageShelf } from './webStorageShelf.js';
import { writeMarks } from './writeMarks.js';

/** Without Web Locks: how long another process may not see what was stored; nobody says how long that can be. */
const SETTLE_MS = 100;

/**
 * Credentials as JSON in an item of a web storage, shared by the tabs of an origin.
 *
 * - Refreshes are serialised by a Web Lock, which the browser frees when a tab ends, and never before; writes by
 *   another one, so that they wait for no refresh. Tabs tell each other by `BroadcastChannel` and `storage` events.
 * - **Without Web Locks** (plain http but on localhost, engines of before 2022) the lock is `lossy`: a lease in the
 *   storage, which two tabs may take at the same moment, and which lapses in a tab that sleeps. Prefer
 *   `indexedDbStore` there.
 * - On a server, where there is no window, it is a `memoryStore()`: make one for each request. Over a `storage` of
 *   its own it is as without Web Locks.
 * - Whatever runs in the page can read what is stored.
 *
 * A missing item, like one that holds `null` or `{}`, is signed out. {@link StoreError}: `store_unreadable`, as
 * where the browser does not permit storage; `store_corrupt`, which stays as it is until `set()` or `clear()`,
 * and is then kept (`….corrupt-<time>`); `store_unwritable`, as where the storage is full.
 *
 * @param key what is ours lies beside it, under keys that start with `key` and a dot
 * @param storage anything of that shape; default `localStorage`. Tabs share no `sessionStorage`, and a duplicated
 *   tab starts with a copy: two tabs then have one refresh token.
 * @throws TypeError or RangeError that names the option; in a worker, which has no `localStorage`
 */
export function webStorageStore(
  key: string,
  storage?: StorageLike,
  options: TabStoreOptions = {},
): CredentialStore {
  if (typeof key !== 'string' || key === '')
    throw new TypeError('webStorageStore: key must be a non-empty string');
  if (storage !== undefined && !isStorage(storage)) {
    throw new TypeError('webStorageStore: storage must have getItem, setItem and removeItem');
  }
  const world = readTabOptions('webStorageStore', options);
  if (!storage && !platform().document) {
    if (isServer()) return memoryStore();
    throw new TypeError('webStorageStore: a worker has no localStorage; use indexedDbStore there');
  }
  // Asked for each time: where it is not permitted, looking at it throws.
  const storageOf = (): StorageLike => storage ?? usualStorage();
  const session = storage && sessionOf(storage, key);
  const name = `rx-token/${key}${session ?? ''}`;
  const { locks, scheduler, away$ } = world;
  const stored = (): number => Number(storageOf().getItem(numberKey(key))) || 0;
  const guard = locks && {
    exclusively: <T>(step: () => Promise<T>) => locks.request(`${name}/write`, {}, step) as Promise<T>,
    marks: session ? undefined : writeMarks(locks, name, stored, scheduler, away$),
  };
  return sharedByTabs(webStorageShelf(key, storageOf, guard), name, world, SETTLE_MS, key);
}

function isStorage(storage: Partial<StorageLike> | null): boolean {
  return [storage?.getItem, storage?.setItem, storage?.removeItem].every(
    (each) => typeof each === 'function',
  );
}

/**
 * Of a `sessionStorage`, its name: tabs share none, and those that have nothing to do with each other must not wait
 * for each other. A duplicated tab has the name, too, and takes turns with the one that it copies.
 */
function sessionOf(storage: StorageLike, key: string): string | undefined {
  try {
    if (storage !== platform().sessionStorage) return undefined;
    const name = storage.getItem(`${key}.session`) ?? randomName();
    storage.setItem(`${key}.session`, name);
    return `/${name}`;
  } catch {
    return undefined; // not permitted: nothing else will be
  }
}

function usualStorage(): StorageLike {
  const { localStorage } = platform();
  if (!localStorage) throw Object.assign(new Error(), { name: 'SecurityError' }); // switched off, as in a WebView
  return localStorage;
}
