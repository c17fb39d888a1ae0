import { from, map } from 'rxjs';
import type { CredentialStore, GetSetPair } from '../contracts.js';
import { asCredentials, isCredentials, type Credentials } from '../credentials.js';
import { StoreError } from '../errors.js';
import { processStore } from './processStore.js';

const lifted = new WeakMap<GetSetPair, CredentialStore>();

function parsed(value: unknown): Credentials | null {
  if ((value ?? null) === null) return null;
  if (isCredentials(value)) return asCredentials(value);
  throw new StoreError('store_corrupt', 'store.get(): access_token must be a non-empty string');
}

/**
 * Makes a store of a `{ get, set }` pair of promises (a keychain, a session): one store for each pair, so
 * that all managers of this process that are given it share one queue. Other processes are not excluded.
 */
export function liftStore(pair: GetSetPair): CredentialStore {
  const known = lifted.get(pair);
  if (known) return known;
  const store = processStore({
    get: () => from(pair.get()).pipe(map(parsed)),
    set: (credentials) => Promise.resolve(pair.set(credentials)),
  });
  lifted.set(pair, store);
  return store;
}
