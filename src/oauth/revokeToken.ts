import { ConfigurationError, NoCredentialsError, RefreshUnavailableError } from '../errors.js';
import { codeLike, type Answer } from '../classify.js';
import { isText, type Credentials } from '../credentials.js';
import type { ClientOptions } from './clientOptions.js';
import { inTime } from './inTime.js';
import { oauthClient } from './oauthClient.js';
import { orAbort } from '../orAbort.js';
import { readOptions } from './readOptions.js';

export type RevokeToken = (
  credentials: Pick<Credentials, 'access_token' | 'refresh_token'>,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<void>;

/** RFC 7009 §2.2.1. */
function refusal({ body, status = 0, retryAfterMs }: Answer): Error | undefined {
  const { error: said } = Object(body) as { readonly error?: unknown };
  const error = typeof said === 'string' ? codeLike(said) : undefined;
  const isGone = status < 500 && error === 'invalid_token'; // Google's word for a token that is revoked already
  if (isGone || (status >= 200 && status < 300 && !said)) return undefined;
  const details = { error, status };
  const words = [status, error].filter(Boolean).join(' ');
  if (status < 400 || status >= 500 || status === 408 || status === 429)
    return new RefreshUnavailableError(`The provider did not revoke the token (${words})`, {
      ...details,
      retryAfterMs,
    });
  return new ConfigurationError(`The provider refused to revoke the token (${words})`, details);
}

/**
 * Ends what a user has granted (RFC 7009): revokes the refresh token, or the access token where there is none.
 *
 * Resolves when the server has said so, also of a token that it does not know. Sends one request, which is not
 * repeated. Rejects with `refresh_unavailable` where trying again may help, with `configuration` where it does not,
 * or with the reason of the signal.
 *
 * @throws TypeError or RangeError that names the option which is wrong
 */
export function revokeToken(options: ClientOptions): RevokeToken {
  const settings = readOptions(options, ['revocation_endpoint']);
  const { parameters } = settings;
  const client = oauthClient(settings);

  return async (credentials, { signal: ending } = {}) => {
    const kind = isText(credentials.refresh_token) ? 'refresh_token' : 'access_token';
    const token = credentials[kind];
    if (!token) throw new NoCredentialsError();
    const answer$ = inTime(
      (signal) =>
        client.ask(
          'revocation_endpoint',
          ({ oauth, server, client, authentication, http }) =>
            oauth.revocationRequest(server, client, authentication, token, {
              ...http,
              additionalParameters: { ...parameters, token_type_hint: kind },
            }),
          signal,
        ),
      settings,
    );
    const error = refusal(await orAbort(answer$, ending));
    if (error) throw error;
  };
}
