import type { AuthorizationServer } from 'oauth4webapi';
import { firstValueFrom } from 'rxjs';
import { retryAfterMs } from '../classify.js';
import { ConfigurationError, RefreshUnavailableError, TokenError } from '../errors.js';
import { boundedResponse } from './boundedResponse.js';
import { inTime } from './inTime.js';
import { oauth4webapi } from './oauth4webapi.js';
import type { Settings } from './readOptions.js';
import type { Send } from './sender.js';

const ALGORITHMS = ['oidc', 'oauth2'] as const;

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

  async function ask(algorithm: (typeof ALGORITHMS)[number], signal: AbortSignal) {
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
    discard(response);
    if (status >= 400 && status < 500 && status !== 408 && status !== 429)
      return new ConfigurationError(`The issuer publishes no metadata (${status}). Check issuer`, { status });
    throw new RefreshUnavailableError(`The issuer did not tell its metadata (${status})`, {
      status,
      retryAfterMs: retryAfterMs(headers.get('retry-after'), scheduler.now()),
    });
  }

  async function lookUp(signal: AbortSignal): Promise<AuthorizationServer> {
    let outcome: AuthorizationServer | TokenError | undefined;
    for (const algorithm of ALGORITHMS) {
      outcome = await ask(algorithm, signal);
      if (!(outcome instanceof TokenError)) return outcome;
    }
    throw outcome as TokenError;
  }

  return () =>
    (found ??= firstValueFrom(inTime(lookUp, settings)).catch((error: unknown) => {
      found = undefined;
      throw error;
    }));
}

/** What nobody reads holds a connection. */
function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined);
}
