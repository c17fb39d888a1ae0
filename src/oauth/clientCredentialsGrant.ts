import type { GrantOptions } from './clientOptions.js';
import { knowingProfile, type KnowingProfile } from './knowingProfile.js';
import { oauthClient } from './oauthClient.js';
import { readOptions } from './readOptions.js';

interface Context {
  readonly signal?: AbortSignal | undefined;
}

/** What a manager calls to acquire, or to refresh: it needs no credentials of a user. */
export interface ClientCredentialsGrant extends KnowingProfile {
  (context?: Context): Promise<Response>;
  (previous: { readonly access_token: string }, context: Context): Promise<Response>;
}

/**
 * Gets a token for the client itself (RFC 6749 §4.4): a value for the manager's `acquire`, which serves as `refresh`
 * too where that is not given. Resolves and rejects as `refreshTokenGrant` does.
 *
 * @throws TypeError or RangeError that names the option which is wrong
 */
export function clientCredentialsGrant(options: GrantOptions): ClientCredentialsGrant {
  const settings = readOptions(options, ['token_endpoint']);
  const client = oauthClient(settings);
  const { scope } = options;
  const parameters = { ...settings.parameters, ...(scope && { scope }) };

  const grant = (...given: readonly (Context | object | undefined)[]) => {
    const { signal } = (given.at(-1) ?? {}) as Context; // the context is the last, or all there is
    return client.request(
      'token_endpoint',
      ({ oauth, server, client, authentication, http }) =>
        oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, http),
      signal,
    );
  };
  return knowingProfile(grant, settings.profile);
}
