import type { CredentialStore } from 'rx-token';
import type { StoreDescription } from './backend.js';

/** A store, and what has to be closed when it is no longer used. */
export interface OpenedStore {
  readonly store: CredentialStore;
  /** Another store over the same connection, as a service has one for each of its users; absent for a file. */
  another?(key: string): CredentialStore;
  /** Resolves when nobody is inside the lock any more, and the connection is closed. */
  close(): Promise<void>;
}

/** Makes the store that is described, in whatever process; loads nothing of the others. */
export async function openStore(description: StoreDescription): Promise<OpenedStore> {
  switch (description.kind) {
    case 'file':
      return (await import('./openFile.js')).openFile(description);
    case 'redis':
      return (await import('./openRedis.js')).openRedis(description);
    case 'postgres':
      return (await import('./openPostgres.js')).openPostgres(description);
  }
}
