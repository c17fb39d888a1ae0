export { fileStore } from './fileStore.js';
export type { FileStoreOptions } from './fileStore.js';
