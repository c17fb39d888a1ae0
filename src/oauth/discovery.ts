import type { AuthorizationServer } from 'oauth4webapi';
import { firstValueFrom } from 'rxjs';
import { retryAfterMs } from '../classify.js';
import { discard } from '../discard.js';
import { ConfigurationError, RefreshUnavailableError, TokenError } from '../errors.js';
import { boundedResponse } from './boundedResponse.js';
import { inTime } from './inTime.js';
import { oauth4webapi } from './oauth4webapi.js';
import type { Settings } from './readOptions.js';
import type { Send } from './sender.js';

/**
 * Looks up what an issuer publishes of itself: once, for all who ask, and again only if that has failed. It is asked
 * as OpenID Connect Discovery 1.0 §4 and then as RFC 8414 §3 say, and has to name itself as it was named.
 *
 * Rejects with `configuration` where there is no such issuer, else with `refresh_unavailable`; never ambiguous, for
 * no token was sent.
 */
export function discovery(
  settings: Settings,
  identifier: string,
  send: Send,
): () => Promise<AuthorizationServer> {
  const { scheduler } = settings;
  const issuer = new URL(identifier);
  let found: Promise<AuthorizationServer> | undefined;

  async function ask(algorithm: 'oidc' | 'oauth2', signal: AbortSignal) {
    const oauth = await oauth4webapi();
    const response = await oauth
      .discoveryRequest(issuer, {
        algorithm,
        [oauth.customFetch]: (url, init) => send(url, init, signal),
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- a warning: the URL was checked
        [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
      })
      .then(boundedResponse, () => {
        throw new RefreshUnavailableError('The issuer could not be asked for its metadata');
      });
    const { status, headers } = response;
    if (status === 200) {
      return oauth.processDiscoveryResponse(issuer, response).catch((thrown: unknown): TokenError => {
        if ((thrown as { readonly code?: unknown }).code !== oauth.JSON_ATTRIBUTE_COMPARISON)
          return new RefreshUnavailableError('What the issuer answers is no metadata', { status });
        throw new ConfigurationError('The metadata are those of another issuer. Check issuer');
      });
    }
    discard(response.body);
    if (status >= 400 && status < 500 && status !== 408 && status !== 429)
      return new ConfigurationError(`The issuer publishes no metadata (${status}). Check issuer`, { status });
    throw new RefreshUnavailableError(`The issuer did not tell its metadata (${status})`, {
      status,
      retryAfterMs: retryAfterMs(headers.get('retry-after'), scheduler.now()),
    });
  }

  async function lookUp(signal: AbortSignal): Promise<AuthorizationServer> {
    const openId = await ask('oidc', signal);
    if (!(openId instanceof TokenError)) return openId;
    const rfc8414 = await ask('oauth2', signal);
    if (!(rfc8414 instanceof TokenError)) return rfc8414;
    throw openId instanceof RefreshUnavailableError ? openId : rfc8414; // half an answer says more than none
  }

  return () =>
    (found ??= firstValueFrom(inTime(lookUp, settings)).catch((error: unknown) => {
      found = undefined;
      throw error;
    }));
}
