import { asyncScheduler, type ObservableInput, type SchedulerLike } from 'rxjs';
import type { CredentialStore, GetSetPair } from './contracts.js';
import type { Credentials } from './credentials.js';
import type { Terms } from './decide.js';
import type { ProviderProfile } from './profile.js';
import { profileNamed } from './providers/seeded.js';
import { defaultRetry, type RetryPolicy } from './retryPolicy.js';
import { sameAccount } from './sameAccount.js';
import { liftStore } from './stores/liftStore.js';
import { memoryStore } from './stores/memoryStore.js';
import type { TokenResponse } from './tokenResponse.js';
import { unrefScheduler } from './unrefScheduler.js';

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

/** What is called for a new token: a promise or an observable of the provider's answer, or the plain answer. */
export type RefreshResult = ObservableInput<RefreshAnswer> | RefreshAnswer;

/** At least one of `refresh` and `acquire` has to be given. Durations are in ms. */
export interface TokenManagerConfig {
  /** Called with credentials, and never without; at most once for each expiry. */
  readonly refresh?: ((previous: Credentials, context: RefreshContext) => RefreshResult) | undefined;
  /** Called where there are no credentials (RFC 6749 §4.4); alone, it serves as `refresh` too. */
  readonly acquire?: ((context: RefreshContext) => RefreshResult) | undefined;
  /** Default `memoryStore()`. */
  readonly store?: CredentialStore | GetSetPair | undefined;
  /** A profile, or the name of a seeded one. Default `'generic'`. */
  readonly provider?: ProviderProfile | string | undefined;
  /** How long before its end a token stops being valid; never more than half of its lifetime. Default 60 000. */
  readonly skewMs?: number | undefined;
  /** How much earlier still a refresh runs behind callers, who are served at once. Default 0. */
  readonly refreshAheadMs?: number | undefined;
  /** The proactive refresh is earlier by a random part of this. Default 0. */
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
  readonly ask: (previous: Credentials | null, context: RefreshContext) => RefreshResult;
  readonly store: CredentialStore;
  readonly profile: ProviderProfile;
  readonly refreshTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly retry: RetryPolicy;
  readonly onRefresh: ((credentials: Credentials) => unknown) | undefined;
  readonly strictPersist: boolean;
  readonly sameAccount: (a: Credentials, b: Credentials) => boolean;
  readonly scheduler: SchedulerLike;
  /** For what must not keep a process alive. */
  readonly background: SchedulerLike;
  readonly random: () => number;
}

/** The longest delay a timer can be asked for. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Options = Readonly<Record<string, unknown>>;

function duration(
  options: Options,
  name: keyof TokenManagerConfig,
  byDefault: number,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = options[name] ?? byDefault;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of milliseconds`);
  if (value >= min && value <= max) return value;
  throw new RangeError(`${name} must be from ${min} to ${max} ms, and is ${value}`);
}

function callback(options: Options, name: keyof TokenManagerConfig): void {
  const value = options[name];
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name} must be a function`);
}

function storeFrom(given: unknown): CredentialStore {
  if (given === undefined) return memoryStore();
  const store = given as Partial<CredentialStore & GetSetPair> | null;
  if (
    typeof store?.read === 'function' &&
    typeof store.write === 'function' &&
    typeof store.lock?.hold === 'function'
  ) {
    return store as CredentialStore;
  }
  if (typeof store?.get === 'function' && typeof store.set === 'function')
    return liftStore(store as GetSetPair);
  throw new TypeError('store must be a CredentialStore or a pair { get, set }');
}

function profileFrom(given: unknown): ProviderProfile {
  if (typeof given === 'string') return profileNamed(given);
  const profile = given as ProviderProfile | null;
  if (typeof profile?.name === 'string' && profile.reuse !== undefined) return profile;
  throw new TypeError('provider must be the name of a profile, or a profile: { name, reuse }');
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws TypeError or RangeError that names the option
 */
export function readConfig(config: TokenManagerConfig): Settings {
  const options = Object(config) as TokenManagerConfig & Options;
  for (const name of ['refresh', 'acquire', 'retry', 'onRefresh', 'sameAccount', 'random'] as const)
    callback(options, name);
  const { refresh, acquire, scheduler } = options;
  if (!refresh && !acquire)
    throw new TypeError('refresh or acquire must be given: without either no token can be renewed');
  if (
    scheduler !== undefined &&
    (typeof scheduler.now !== 'function' || typeof scheduler.schedule !== 'function')
  ) {
    throw new TypeError('scheduler must be an RxJS SchedulerLike');
  }
  const profile = profileFrom(options.provider ?? 'generic');
  const settings = {
    ask: (previous: Credentials | null, context: RefreshContext): RefreshResult =>
      previous && refresh ? refresh(previous, context) : (acquire ?? neverAsked)(context),
    canAcquire: acquire !== undefined,
    store: storeFrom(options.store),
    profile,
    reuse: profile.reuse,
    skewMs: duration(options, 'skewMs', 60_000),
    refreshAheadMs: duration(options, 'refreshAheadMs', 0),
    jitterMs: duration(options, 'jitterMs', 0),
    refreshTimeoutMs: duration(options, 'refreshTimeoutMs', 30_000, 1, MAX_TIMER_MS),
    lockTimeoutMs: duration(options, 'lockTimeoutMs', 10_000, 0, MAX_TIMER_MS),
    maxWaitMs: duration(options, 'maxWaitMs', 5_000),
    retry: options.retry ?? defaultRetry,
    onRefresh: options.onRefresh,
    strictPersist: options.strictPersist ?? false,
    sameAccount: options.sameAccount ?? sameAccount,
    scheduler: scheduler ?? asyncScheduler,
    background: scheduler && scheduler !== asyncScheduler ? scheduler : unrefScheduler,
    random: options.random ?? Math.random,
  };
  const { lossy, leaseMs } = settings.store.lock;
  if (lossy && leaseMs !== undefined && leaseMs <= settings.refreshTimeoutMs) {
    throw new RangeError(
      `refreshTimeoutMs must be shorter than the lock's leaseMs (${leaseMs}), and is ${settings.refreshTimeoutMs}`,
    );
  }
  return settings;
}

function neverAsked(): never {
  throw new TypeError('acquire is not configured');
}
