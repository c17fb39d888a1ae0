import { fileStore } from 'rx-token/node';
import type { OpenedStore } from './openStore.js';

export interface FileDescription {
  readonly kind: 'file';
  readonly path: string;
}

export function openFile({ path }: FileDescription): OpenedStore {
  return { store: fileStore(path), close: () => Promise.resolve() };
}
