import type { Observable } from 'rxjs';
import {
  readConfig,
  type RefreshContext,
  type RefreshResult,
  type Settings,
  type TokenManagerConfig,
} from './config.js';
import type { CredentialStore, GetSetPair } from './contracts.js';
import type { Credentials } from './credentials.js';
import type { TokenEvent } from './events.js';
import { LONGEST_DELAY_MS } from './longestDelay.js';
import type { TokenManager } from './tokenManager.js';

/** As of `createTokenManager`, and whose it is comes first. */
export interface TokenManagersConfig extends Omit<
  TokenManagerConfig,
  'store' | 'refresh' | 'acquire' | 'onRefresh'
> {
  /**
   * The store of a key. Called when its manager is made, and again when it is made anew; a store that holds
   * something in memory only is kept meanwhile. Default: a `memoryStore()` for each.
   */
  readonly store?: ((key: string) => CredentialStore | GetSetPair) | undefined;
  readonly refresh?:
    ((key: string, previous: Credentials, context: RefreshContext) => RefreshResult) | undefined;
  readonly acquire?: ((key: string, context: RefreshContext) => RefreshResult) | undefined;
  readonly onRefresh?: ((key: string, credentials: Credentials) => unknown) | undefined;
  /**
   * How long, in ms, a manager stays that nobody uses. Used: it has a subscriber, someone waits, a refresh is under
   * way, a token is not saved yet, or a next attempt may not be made before a certain time. Default 300 000, at
   * least 1 000; `Infinity`: for ever.
   */
  readonly idleMs?: number | undefined;
  /**
   * Where there are more managers, the one that nobody has used for longest goes at once, also where it only waits
   * until a next attempt may be made: the one made anew does not know of that wait. Those in use otherwise stay, so
   * that there may be more for a while. Each takes some 30 kB. Default 1 000, at least 1.
   */
  readonly maxActive?: number | undefined;
}

/** What happened, and whose it is. */
export type KeyedTokenEvent = TokenEvent & { readonly key: string };

/** A manager for each key, made on demand and let go when nobody uses it. */
export interface TokenManagers {
  /**
   * The manager of `key`. A handle: it costs next to nothing, does nothing until it is used, and can be kept for
   * ever, since the manager behind it is made anew when it has gone. Its `events$` are those of {@link events$}. Its
   * `dispose()` lets the manager go at once, with all who use it; the next use makes it anew.
   */
  of(key: string): TokenManager;
  /** Emits what happens to any of them. Completes on `dispose()`, never errors. */
  readonly events$: Observable<KeyedTokenEvent>;
  /** How many managers there are at present. */
  readonly size: number;
  /** Ends all of them, as `dispose()` of a manager does; later calls fail with `disposed`. */
  dispose(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A configuration that was checked, with its defaults; `shared` is that of each manager, but for the key. */
export interface ManySettings {
  readonly shared: TokenManagerConfig;
  readonly settings: Settings;
  readonly idleMs: number;
  readonly maxActive: number;
}

const MIN_IDLE_MS = 1000;

/**
 * Checks a configuration, all that can be before there is a key.
 *
 * @throws TypeError or RangeError that names the option
 */
export function readManyConfig(config: TokenManagersConfig): ManySettings {
  const { store, idleMs = 300_000, maxActive = 1_000, ...shared } = Object(config) as TokenManagersConfig;
  if (store !== undefined && typeof store !== 'function') {
    throw new TypeError('store must be a function of the key');
  }
  const settings = readConfig(shared as TokenManagerConfig); // of a callback it asks only whether it is one
  const isDelay = idleMs >= MIN_IDLE_MS && idleMs <= LONGEST_DELAY_MS;
  if (typeof idleMs !== 'number') throw new TypeError('idleMs must be a number');
  if (!isDelay && idleMs !== Infinity) {
    throw new RangeError(`idleMs must be ${MIN_IDLE_MS} to ${LONGEST_DELAY_MS} ms, or Infinity`);
  }
  if (typeof maxActive !== 'number') throw new TypeError('maxActive must be a number');
  if (!(maxActive >= 1) || (!Number.isInteger(maxActive) && maxActive !== Infinity)) {
    throw new RangeError('maxActive must be a whole number from 1, or Infinity');
  }
  return { shared: shared as TokenManagerConfig, settings, idleMs, maxActive };
}
