import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { fromEvent, map, merge, mergeMap, type Observable, switchMap, timer } from 'rxjs';
import type { Credentials } from 'rx-token';
import type { Ruling } from './happening.js';
import { listening } from './listening.js';
import { quietly } from './quietly.js';
import { repeated } from './repeated.js';
import { CLIENT_ID } from './refreshAt.js';

export interface AuthorizationServer {
  readonly tokenEndpoint: string;
  /** What it sees, as it sees it. Never completes. */
  readonly ruling$: Observable<Ruling>;
  /** The first pair of tokens, as after a login: there is no browser here. */
  signIn(): Promise<Credentials>;
}

/**
 * Emits a real `oidc-provider` that listens on loopback, never completes, and closes it when it is left.
 * A refresh token counts once: who shows one a second time loses the whole grant.
 *
 * @param lifetime of an access token, in seconds
 */
export function authorizationServer(lifetime: number): Observable<AuthorizationServer> {
  return listening().pipe(
    switchMap(async (http) => {
      const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      const provider = await quietly(() => rotatingProvider(issuer, lifetime));
      const handle = provider.callback();
      http.on('request', (request, response) => void handle(request, response));
      return {
        tokenEndpoint: `${issuer}/token`,
        ruling$: rulings(provider, lifetime),
        signIn: () => signIn(provider, lifetime),
      };
    }),
  );
}

async function rotatingProvider(issuer: string, lifetime: number): Promise<Provider> {
  const { Provider } = await import('oidc-provider');
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    rotateRefreshToken: true,
    ttl: { AccessToken: lifetime, RefreshToken: 86_400, Grant: 86_400 },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: { devInteractions: { enabled: false } },
  });
}

function rulings(provider: Provider, lifetime: number): Observable<Ruling> {
  const granted$ = fromEvent(provider, 'grant.success');
  const expired$ = fromEvent(provider, 'access_token.saved').pipe(mergeMap(() => timer(lifetime * 1000)));
  const revoked$ = fromEvent(provider, 'grant.revoked'); // nobody signs out here: it is for a reuse
  // two at the very same time may both get past its check, but not past ours
  const consumed$ = fromEvent(provider, 'refresh_token.consumed') as Observable<{ jti: string }>;
  const twice$ = consumed$.pipe(repeated(({ jti }) => jti));

  const as = (type: Ruling['type']) => map((): Ruling => ({ type, at: Date.now() }));
  return merge(
    granted$.pipe(as('granted')),
    expired$.pipe(as('expired')),
    merge(revoked$, twice$).pipe(as('reused')),
  );
}

async function signIn(provider: Provider, lifetime: number): Promise<Credentials> {
  const client = await provider.Client.find(CLIENT_ID);
  if (!client) throw new Error('the demo client is not registered');
  const accountId = 'somebody';
  const scope = 'offline_access';
  const grant = new provider.Grant({ accountId, clientId: CLIENT_ID });
  grant.addOIDCScope(scope);
  const terms = { accountId, client, grantId: await grant.save(), scope, gty: 'refresh_token' };
  return {
    access_token: await new provider.AccessToken(terms).save(),
    refresh_token: await new provider.RefreshToken(terms).save(),
    token_type: 'Bearer',
    expires_in: lifetime,
    scope,
  };
}
