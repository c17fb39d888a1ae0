import type { ProviderProfile } from '../profile.js';
import type { ClientOptions } from './clientOptions.js';
import { objectionTo } from './objectionTo.js';

/** The names that metadata give to endpoints (RFC 8414 §2), and those that the options have. */
const NAMES = {
  token_endpoint: 'tokenEndpoint',
  device_authorization_endpoint: 'deviceAuthorizationEndpoint',
  revocation_endpoint: 'revocationEndpoint',
} as const;

export type Endpoint = keyof typeof NAMES;

export interface Whereabouts {
  /** As far as they are known without being looked up. */
  readonly endpoints: Readonly<Partial<Record<Endpoint, string>>>;
  /** Where the others are looked up; as it was written, for so it is compared. */
  readonly issuer: string | undefined;
}

/**
 * Where to ask. What is given goes before what the provider has; and an issuer that is given knows its endpoints
 * better than a profile, which may be that of all tenants.
 *
 * @param needed there has to be a way to know where these are
 * @throws TypeError that names the option
 */
export function whereToAsk(
  options: ClientOptions,
  profile: ProviderProfile,
  needed: readonly Endpoint[],
): Whereabouts {
  const byDefault = options.issuer === undefined ? profile : undefined;

  function urlOf(name: 'issuer' | (typeof NAMES)[Endpoint]): string | undefined {
    const given = options[name];
    const url = given ?? byDefault?.[name];
    if (url === undefined) return undefined;
    const objection = objectionTo(url, options.allowInsecureRequests === true);
    if (objection) throw new TypeError(`${given === undefined ? 'provider.' : ''}${name} ${objection}`);
    return String(url);
  }

  const issuer = urlOf('issuer');
  const endpoints: Partial<Record<Endpoint, string>> = {};
  for (const endpoint of Object.keys(NAMES) as Endpoint[]) {
    const url = urlOf(NAMES[endpoint]);
    if (url) endpoints[endpoint] = url;
    else if (!issuer && needed.includes(endpoint))
      throw new TypeError(`${NAMES[endpoint]} or issuer must be given, or a provider that has one`);
  }
  return { endpoints, issuer };
}
