export { indexedDbStore } from './indexedDbStore.js';
export type { IndexedDbStoreOptions } from './indexedDbStore.js';
export type { ChannelLike, IndexedDbLike, LockManagerLike, PageLike, StorageLike } from './platform.js';
export type { TabStoreOptions } from './tabOptions.js';
export { wakeSignals } from './wakeSignals.js';
export { webStorageStore } from './webStorageStore.js';
