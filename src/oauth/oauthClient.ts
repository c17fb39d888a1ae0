import type { AuthorizationServer, Client, ClientAuth, HttpRequestOptions } from 'oauth4webapi';
import { defer } from 'rxjs';
import { classifyThrown, retryAfterMs, type Answer } from '../classify.js';
import { ConfigurationError, isLost, RefreshUnavailableError } from '../errors.js';
import { parseBody } from '../parseBody.js';
import { boundedResponse } from './boundedResponse.js';
import { discovery } from './discovery.js';
import { oauth4webapi, type OAuth4WebApi } from './oauth4webapi.js';
import { objectionTo } from './objectionTo.js';
import { orAbort } from '../orAbort.js';
import type { Settings } from './readOptions.js';
import { sender } from './sender.js';
import type { Endpoint } from './whereToAsk.js';

/** What there is to make a request of. */
interface Making {
  readonly oauth: OAuth4WebApi;
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly authentication: ClientAuth;
  readonly http: HttpRequestOptions<'POST', URLSearchParams>;
}

type Make = (making: Making) => Promise<Response>;

/** Asks an authorization server. Both reject with a `TokenError`, or with the reason of the signal. */
export interface OAuthClient {
  /** Sends one request, once, and resolves with the answer as it came, but for its body, which is bounded. */
  request(endpoint: Endpoint, make: Make, signal?: AbortSignal): Promise<Response>;
  /** The same, read. */
  ask(endpoint: Endpoint, make: Make, signal?: AbortSignal): Promise<Answer>;
}

export function oauthClient(settings: Settings): OAuthClient {
  const { profile, endpoints, issuer, allowInsecureRequests, timeoutMs, scheduler, clientId } = settings;
  const send = sender(settings);
  // a page has it as a chunk, and a browser that could not fetch one does not try again: while there is a network
  if ('document' in globalThis) void oauth4webapi().catch(() => undefined);
  const metadata = issuer === undefined ? undefined : discovery(settings, issuer, send);

  async function find(endpoint: Endpoint): Promise<AuthorizationServer & { readonly url: string }> {
    const known = endpoints[endpoint];
    const published = known === undefined ? await metadata?.() : undefined;
    const url = known ?? published?.[endpoint];
    if (url === undefined) throw new ConfigurationError(`The issuer publishes no ${endpoint}. Check issuer`);
    const objection = objectionTo(url, allowInsecureRequests);
    if (objection) throw new ConfigurationError(`The ${endpoint} ${objection}`);
    return { issuer: published?.issuer ?? issuer ?? url, [endpoint]: url, url };
  }

  function authentication({ ClientSecretBasic, ClientSecretPost, None }: OAuth4WebApi): ClientAuth {
    switch (settings.authentication) {
      case 'client_secret_basic':
        return ClientSecretBasic(settings.clientSecret);
      case 'client_secret_post':
        return ClientSecretPost(settings.clientSecret);
      case 'none':
        return None();
      default:
        return settings.authentication;
    }
  }

  async function request(endpoint: Endpoint, make: Make, ending?: AbortSignal): Promise<Response> {
    ending?.throwIfAborted();
    const oauth = await oauth4webapi();
    // not found where it has aborted: a promise that nobody waits for must not reject
    const server = await orAbort(
      defer(() => find(endpoint)),
      ending,
    );
    // a manager bounds its own; the platform's timer bounds the body, too, and keeps no process alive
    const signal = ending ?? AbortSignal.timeout(Math.ceil(timeoutMs));
    let isSent = false;
    const http: Making['http'] = {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- a warning: the URL was checked
      [oauth.allowInsecureRequests]: server.url.startsWith('http:'),
      [oauth.customFetch]: (href, init) => {
        signal.throwIfAborted();
        isSent = true;
        return send(href, init, signal);
      },
    };
    try {
      const response = await make({
        oauth,
        server,
        client: { client_id: clientId },
        authentication: authentication(oauth),
        http,
      });
      if (response.type === 'opaqueredirect')
        // a browser does not say where to
        throw new RefreshUnavailableError('The provider answered with a redirect, which is not followed');
      return boundedResponse(response);
    } catch (thrown) {
      throw failure(thrown, isSent, ending);
    }
  }

  function failure(thrown: unknown, isSent: boolean, signal: AbortSignal | undefined): Error {
    if (signal?.aborted) return signal.reason as Error;
    const error = classifyThrown(thrown, profile, scheduler.now());
    return isSent || !isLost(error)
      ? error
      : new RefreshUnavailableError('The client could not be authenticated');
  }

  return {
    request,
    async ask(endpoint, make, signal) {
      const response = await request(endpoint, make, signal);
      const { status, headers } = response;
      const text = await response.text().catch((thrown: unknown) => {
        throw failure(thrown, true, signal);
      });
      const afterMs = retryAfterMs(headers.get('retry-after'), scheduler.now());
      return { body: parseBody(text), status, retryAfterMs: afterMs };
    },
  };
}
