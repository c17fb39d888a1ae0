import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { isText } from '../credentials.js';
import { LONGEST_DELAY_MS } from '../longestDelay.js';
import type { ProviderProfile } from '../profile.js';
import * as known from '../providers/index.js';
import type {
  ClientAuthentication,
  ClientAuthenticationMethod,
  ClientOptions,
  GrantOptions,
} from './clientOptions.js';
import { type Endpoint, whereToAsk, type Whereabouts } from './whereToAsk.js';

const METHODS: readonly ClientAuthenticationMethod[] = ['client_secret_basic', 'client_secret_post', 'none'];

type Texts = Readonly<Record<string, string>>;

/** Options that were checked, with their defaults. */
export interface Settings extends Whereabouts {
  readonly profile: ProviderProfile;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authentication: ClientAuthentication | ClientAuthenticationMethod;
  readonly parameters: Texts;
  readonly headers: Texts;
  readonly fetch: typeof globalThis.fetch;
  readonly allowInsecureRequests: boolean;
  readonly timeoutMs: number;
  readonly scheduler: SchedulerLike;
}

function profileFrom(given: ProviderProfile | string = known.generic): ProviderProfile {
  const profiles: readonly ProviderProfile[] = Object.values(known);
  const profile = typeof given === 'string' ? profiles.find(({ name }) => name === given) : given;
  if (!profile)
    throw new RangeError(`provider must be one of ${profiles.map(({ name }) => name).join(', ')}`);
  if (!isText(profile.name)) throw new TypeError('provider must be a name, or a profile { name, reuse }');
  return profile;
}

function authenticationFrom(options: ClientOptions, byDefault = METHODS[0]): Settings['authentication'] {
  const { clientAuthentication, clientSecret } = options;
  const method = clientAuthentication ?? (clientSecret === undefined ? 'none' : byDefault);
  if (typeof method === 'function') return method;
  if (!method || !METHODS.includes(method))
    throw new RangeError(`clientAuthentication must be a function, or one of ${METHODS.join(', ')}`);
  if (method !== 'none' && clientSecret === undefined)
    throw new TypeError(`clientSecret must be given for ${method}`);
  return method;
}

function textsFrom(given: unknown, name: string): Texts {
  const texts = Object(given ?? {}) as Texts;
  if (texts !== (given ?? texts) || Object.values(texts).some((value) => typeof value !== 'string'))
    throw new TypeError(`${name} must be an object of strings`);
  return texts;
}

function headersFrom(given: unknown, name: string): Texts {
  const headers = textsFrom(given, name);
  let all: Headers;
  try {
    all = new Headers(headers);
  } catch {
    throw new TypeError(`${name} must be names and values that HTTP can carry`); // theirs would quote the value
  }
  if (all.has('authorization'))
    throw new TypeError(`${name} must not have authorization: that is for clientAuthentication`);
  return Object.fromEntries(all); // in lower case
}

/**
 * Checks options, and fills in the defaults.
 *
 * @param needed there has to be a way to know where these are
 * @throws TypeError or RangeError that names the option
 */
export function readOptions(given: GrantOptions, needed: readonly Endpoint[]): Settings {
  const options = Object(given) as GrantOptions;
  const { allowInsecureRequests = false, timeoutMs = 10_000, scheduler = asyncScheduler } = options;
  for (const name of ['clientId', 'clientSecret', 'scope'] as const) {
    const isAbsent = options[name] === undefined && name !== 'clientId';
    if (!isAbsent && !isText(options[name])) throw new TypeError(`${name} must be a non-empty string`);
  }
  const { fetch = globalThis.fetch } = options;
  if (typeof fetch !== 'function') throw new TypeError('fetch must be a function');
  if (typeof allowInsecureRequests !== 'boolean')
    throw new TypeError('allowInsecureRequests must be a boolean');
  if (typeof timeoutMs !== 'number') throw new TypeError('timeoutMs must be a number');
  if (!(timeoutMs > 0 && timeoutMs <= LONGEST_DELAY_MS))
    throw new RangeError(`timeoutMs must be more than 0, up to ${LONGEST_DELAY_MS} ms`);
  if (typeof scheduler.schedule !== 'function' || typeof scheduler.now !== 'function')
    throw new TypeError('scheduler must be a SchedulerLike');

  const profile = profileFrom(options.provider);
  return {
    ...whereToAsk(options, profile, needed),
    profile,
    clientId: options.clientId,
    clientSecret: options.clientSecret ?? '',
    authentication: authenticationFrom(options, profile.clientAuthentication),
    parameters: { ...textsFrom(options.parameters, 'parameters') },
    headers: {
      ...headersFrom(profile.headers, 'provider.headers'),
      ...headersFrom(options.headers, 'headers'),
    },
    fetch: (input, init) => (options.fetch ?? globalThis.fetch)(input, init),
    allowInsecureRequests,
    timeoutMs,
    scheduler,
  };
}
