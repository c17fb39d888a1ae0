import { NoCredentialsError } from '../errors.js';
import type { GrantOptions } from './clientOptions.js';
import { knowingProfile, type KnowingProfile } from './knowingProfile.js';
import { oauthClient } from './oauthClient.js';
import { readOptions } from './readOptions.js';

/** What a manager calls to refresh. It needs no more of the credentials, and of the context, than this. */
export type RefreshTokenGrant = KnowingProfile &
  ((
    previous: { readonly refresh_token?: string | undefined },
    context?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Response>);

/**
 * Exchanges a refresh token (RFC 6749 §6): a value for the manager's `refresh`.
 *
 * Resolves with the `Response` as it came, whatever its status, for the manager to understand; its body ends with an
 * error after 1 MiB. Each call sends one request, which follows no redirect and is not repeated; without a signal it
 * ends, its body too, after `timeoutMs`. Rejects with a `TokenError`, or with the reason of the signal.
 *
 * @throws TypeError or RangeError that names the option which is wrong
 *
 * @example
 * const refresh = refreshTokenGrant({ issuer: 'https://id.example.com', clientId: 'my-app' });
 * const tokens = createTokenManager({ refresh, store });
 */
export function refreshTokenGrant(options: GrantOptions): RefreshTokenGrant {
  const settings = readOptions(options, ['token_endpoint']);
  const { parameters, profile } = settings;
  const client = oauthClient(settings);
  const { scope } = options;
  const additionalParameters = { ...parameters, ...(scope && !profile.omitsScope && { scope }) };

  const grant = async (...[{ refresh_token }, { signal } = {}]: Parameters<RefreshTokenGrant>) => {
    if (!refresh_token) throw new NoCredentialsError();
    return client.request(
      'token_endpoint',
      ({ oauth, server, client, authentication, http }) =>
        oauth.refreshTokenGrantRequest(server, client, authentication, refresh_token, {
          ...http,
          additionalParameters,
        }),
      signal,
    );
  };
  return knowingProfile(grant, profile);
}
