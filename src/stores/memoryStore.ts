import { EMPTY, of } from 'rxjs';
import type { CredentialStore } from '../contracts.js';
import { asCredentials, assertCredentials } from '../credentials.js';
import type { TokenResponse } from '../tokenResponse.js';
import { processStore } from './processStore.js';

/**
 * Keeps credentials in this process, and shares them among the managers that are given the same store.
 * Synchronous: over it the whole manager runs in virtual time.
 *
 * @param initial what is stored to begin with, with an `expires_at`; a provider's raw answer belongs in `set()`
 */
export function memoryStore(
  initial: { readonly access_token: string } | TokenResponse | null = null,
): CredentialStore {
  if (initial !== null) assertCredentials(initial, 'memoryStore(initial)');
  let kept = initial && asCredentials(initial);
  return processStore({
    get: () => of(kept),
    set: (credentials) => {
      kept = credentials && asCredentials(credentials);
      return EMPTY;
    },
    isVolatile: () => !!kept,
  });
}
