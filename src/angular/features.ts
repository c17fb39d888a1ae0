import type { CredentialStore, GetSetPair } from '../contracts.js';
import type { BearerTarget } from './bearerTargets.js';

/** What the `with…` functions make for `provideTokenManager`; opaque. */
export interface TokenManagerFeature {
  /** Of several managers in one application. */
  readonly name?: string | undefined;
  readonly targets?: readonly (string | URL | BearerTarget)[] | undefined;
  /** Called in the injection context. */
  readonly storeFactory?: (() => CredentialStore | GetSetPair) | undefined;
  /** True: kept fresh while the injector lives. */
  readonly isProactive?: boolean | undefined;
}

/**
 * Where `bearerInterceptor` may send the token: URLs of https (of http on loopback), or paths of the page's own
 * origin, with all that lies below them; the first that a request matches decides. Given twice, the lists add up.
 */
export function withBearerTargets(...targets: readonly (string | URL | BearerTarget)[]): TokenManagerFeature {
  return { targets };
}

/** Where credentials live. The factory runs in the injection context, once for each injector. */
export function withStore(storeFactory: () => CredentialStore | GetSetPair): TokenManagerFeature {
  if (typeof storeFactory !== 'function')
    throw new TypeError('withStore needs a function: withStore(() => store)');
  return { storeFactory };
}

/** Refreshes before the token expires, whether or not anybody asks for it, while the injector lives. Not on a server. */
export function withProactiveRefresh(): TokenManagerFeature {
  return { isProactive: true };
}

/** Tells several managers of one application apart. */
export function withName(name: string): TokenManagerFeature {
  if (typeof name !== 'string' || !name) throw new TypeError('withName(name): name must not be empty');
  return { name };
}
