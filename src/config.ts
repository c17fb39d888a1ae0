import { asyncScheduler, type ObservableInput, type SchedulerLike } from 'rxjs';
import type { CredentialStore, GetSetPair } from './contracts.js';
import type { Credentials } from './credentials.js';
import type { Terms } from './decide.js';
import { LONGEST_DELAY_MS } from './longestDelay.js';
import type { ProviderProfile } from './profile.js';
import { profileNamed } from './providers/seeded.js';
import { defaultRetry, type RetryPolicy } from './retryPolicy.js';
import { sameAccount } from './sameAccount.js';
import { asStore } from './stores/asStore.js';
import { memoryStore } from './stores/memoryStore.js';
import type { TokenResponse } from './tokenResponse.js';
import { backgroundOf } from './unrefScheduler.js';

/** What a `refresh` or `acquire` callback is told beside the credentials. */
export interface RefreshContext {
  /** Aborts when the answer is no longer waited for: after `refreshTimeoutMs`, or after `set()` or `clear()`. */
  readonly signal: AbortSignal;
  readonly profile: ProviderProfile;
  /** 1 for the first try, 2 after one failure, and so on. */
  readonly attempt: number;
}

/** An OAuth error body (RFC 6749 §5.2), as people return it who do not look at the status. */
export interface OAuthErrorBody {
  readonly error: unknown;
  readonly [field: string]: unknown;
}

/** A provider's answer: a token response, an error body, or the `Response` of a `fetch` itself. */
export type RefreshAnswer = TokenResponse | OAuthErrorBody | Response;

/**
 * What a callback returns: a promise or an observable of a {@link RefreshAnswer}, or the plain answer. Typed as
 * it is written: `response.json()` is a promise of anything, and everything is checked when it arrives.
 */
export type RefreshResult = ObservableInput<unknown> | { readonly access_token: string } | RefreshAnswer;

/** At least one of `refresh` and `acquire` has to be given. Durations are in ms. */
export interface TokenManagerConfig {
  /** Called with credentials, and never without; at most once for each expiry. */
  readonly refresh?: ((previous: Credentials, context: RefreshContext) => RefreshResult) | undefined;
  /** Called where there are no credentials (RFC 6749 §4.4); alone, it serves as `refresh` too. */
  readonly acquire?: ((context: RefreshContext) => RefreshResult) | undefined;
  /** Default `memoryStore()`. */
  readonly store?: CredentialStore | GetSetPair | undefined;
  /**
   * A profile, or the name of a seeded one. Default: the `profile` that `refresh` has as a property (`acquire`, where
   * that is alone), as the grants of `rx-token/oauth` do; else `'generic'`.
   */
  readonly provider?: ProviderProfile | string | undefined;
  /** How long before its end a token stops being valid; never more than half of its lifetime. Default 60 000. */
  readonly skewMs?: number | undefined;
  /**
   * How much earlier still a refresh runs behind callers, who are served at once. Default 0; to be less than a
   * lifetime, or every call is followed by a refresh.
   */
  readonly refreshAheadMs?: number | undefined;
  /** The proactive refresh is earlier by a random part of this. Default 0; to be less than a lifetime. */
  readonly jitterMs?: number | undefined;
  /** How long an exchange may take. Default 30 000. */
  readonly refreshTimeoutMs?: number | undefined;
  /** How long to wait for the lock. Default 10 000. */
  readonly lockTimeoutMs?: number | undefined;
  /** How long a caller with no usable token waits for the next attempt after a failure. Default 5 000. */
  readonly maxWaitMs?: number | undefined;
  /** The wait before the next attempt. Default: jittered exponential, 0.5 s to 60 s. */
  readonly retry?: RetryPolicy | undefined;
  /** Called after each new token, own or adopted; what it throws or rejects becomes an event. */
  readonly onRefresh?: ((credentials: Credentials) => unknown) | undefined;
  /** True: a token that could not be saved fails its callers instead of being served. Default false. */
  readonly strictPersist?: boolean | undefined;
  /** Whether two credentials belong to one account. Default: the same `id_token` subject, where both tell. */
  readonly sameAccount?: ((a: Credentials, b: Credentials) => boolean) | undefined;
  /** The clock (`now()`) and every timer. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /** In [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** A configuration that was checked, with its defaults. */
export interface Settings extends Terms {
  /** Asks the provider: for a successor of `previous`, or for first credentials. */
  readonly ask: (previous: Credentials | null, context: RefreshContext) => RefreshResult | undefined;
  readonly canRefresh: boolean;
  readonly store: CredentialStore;
  readonly profile: ProviderProfile;
  readonly refreshTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly retry: RetryPolicy;
  readonly onRefresh: (credentials: Credentials) => unknown;
  readonly strictPersist: boolean;
  readonly sameAccount: (a: Credentials, b: Credentials) => boolean;
  readonly scheduler: SchedulerLike;
  /** For what must not keep a process alive. */
  readonly background: SchedulerLike;
  readonly random: () => number;
}

/** What an option is where it is not given; and of what type it is where it is. */
const DEFAULTS = {
  skewMs: 60_000,
  refreshAheadMs: 0,
  jitterMs: 0,
  refreshTimeoutMs: 30_000,
  lockTimeoutMs: 10_000,
  maxWaitMs: 5_000,
  retry: defaultRetry,
  onRefresh: (() => undefined) as (credentials: Credentials) => unknown,
  strictPersist: false,
  sameAccount,
  scheduler: asyncScheduler as SchedulerLike,
  random: Math.random,
};

function withDefaults(config: TokenManagerConfig): typeof DEFAULTS {
  const checked = Object.entries(DEFAULTS).map(([name, byDefault]) => {
    const value: unknown = config[name as keyof typeof DEFAULTS] ?? byDefault;
    if (typeof value !== typeof byDefault) throw new TypeError(`${name} must be a ${typeof byDefault}`);
    if (typeof value === 'number' && !(value >= 0 && value <= LONGEST_DELAY_MS)) {
      throw new RangeError(`${name} must be 0 to ${LONGEST_DELAY_MS} ms`);
    }
    return [name, value];
  });
  return Object.fromEntries(checked) as typeof DEFAULTS;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** What a profile may say of a spent refresh token, but for a grace. */
const REUSE = /^(harmless|strict|unknown)$/;

function profileFrom(given: ProviderProfile | string = 'generic'): ProviderProfile {
  if (typeof given === 'string') return profileNamed(given);
  const { name, reuse } = Object(given) as ProviderProfile;
  const { graceMs } = Object(reuse) as { readonly graceMs?: unknown };
  if (name && (REUSE.test(reuse as string) || Number.isFinite(graceMs))) return given;
  throw new TypeError('provider must be a name, or a profile { name, reuse }');
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws TypeError or RangeError that names the option
 */
export function readConfig(config: TokenManagerConfig): Settings {
  const { refresh, acquire } = Object(config) as TokenManagerConfig;
  for (const callback of [refresh ?? acquire, acquire ?? refresh]) {
    if (!isFunction(callback)) throw new TypeError('refresh or acquire must be given, and be functions');
  }
  const given = withDefaults(config);
  const { scheduler, refreshTimeoutMs } = given;
  if (!isFunction(scheduler.schedule) || !isFunction(scheduler.now))
    throw new TypeError('scheduler must be a SchedulerLike');
  const { provider = ((refresh ?? acquire) as Partial<Settings>).profile } = config;
  const profile = profileFrom(provider);
  const store = config.store === undefined ? memoryStore() : asStore(config.store);
  const { leaseMs = Infinity } = store.lock;
  if (leaseMs <= refreshTimeoutMs) throw new RangeError(`refreshTimeoutMs must be below leaseMs, ${leaseMs}`);
  return {
    ...given,
    ask: (previous, context) => (previous && refresh ? refresh(previous, context) : acquire?.(context)),
    canRefresh: !!refresh,
    canAcquire: !!acquire,
    sameAccount(a, b) {
      try {
        return given.sameAccount(a, b);
      } catch {
        return false; // it is not known that they are
      }
    },
    store,
    profile,
    reuse: profile.reuse,
    background: backgroundOf(scheduler),
  };
}
