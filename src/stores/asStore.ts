import type { CredentialStore, GetSetPair } from '../contracts.js';
import { liftStore } from './liftStore.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';

/**
 * A store as it is given, or a pair lifted to one.
 *
 * @throws TypeError that names the option
 */
export function asStore(given: CredentialStore | GetSetPair): CredentialStore {
  const store = given as Partial<CredentialStore & GetSetPair> | null | undefined;
  if (isFunction(store?.read) && isFunction(store?.lock?.hold)) return given as CredentialStore;
  if (isFunction(store?.get) && isFunction(store?.set)) return liftStore(given as GetSetPair);
  throw new TypeError('store must be a CredentialStore, or { get, set }');
}
