import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { fromEvent, map, merge, type Observable } from 'rxjs';
import { quietly } from '../../terminal/quietly.js';
import { repeated } from '../../terminal/repeated.js';
import { nameOf } from './accounts.js';
import type { Ruling } from './ruling.js';

/** The application: a public client, since a browser keeps no secret (RFC 6749 §2.1). */
const CLIENT_ID = 'rx-token-demo';

/** Below the application's own origin. */
export const MOUNT = '/oidc';
export const SIGN_IN = '/sign-in';

/**
 * A real `oidc-provider`: authorization code with PKCE, and refresh tokens that count once. Who shows one a second
 * time loses the whole grant.
 *
 * @param origin where it and the application are
 * @param lifetime of an access token, in seconds
 */
export async function authorizationServer(origin: string, lifetime: number): Promise<Provider> {
  return quietly(async () => {
    const { Provider } = await import('oidc-provider');
    const provider = new Provider(origin + MOUNT, configuration(origin, lifetime));
    // its own page for errors has them in English already
    provider.on('server_error', (_context, error) => console.error(error));
    return provider;
  });
}

function configuration(origin: string, lifetime: number): Configuration {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        client_name: 'The rx-token demo',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${origin}/`],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'demo' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: lifetime,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 1, // nobody stays signed in here: each sign-in asks who it is
    },
    claims: { openid: ['sub', 'name'] },
    conformIdTokenClaims: false, // the name is in the ID token, for the page to greet with
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, name: nameOf(accountId) }),
    }),
    interactions: { url: (_context, { uid }) => `${SIGN_IN}/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
    },
  };
}

/** What it does with grants, as it does it. Never completes. */
export function rulings(provider: Provider): Observable<Ruling> {
  const granted$ = fromEvent(provider, 'grant.success') as Observable<KoaContextWithOIDC>;
  const revoked$ = fromEvent(provider, 'grant.revoked', (context: KoaContextWithOIDC) => context);
  // two at the very same time may both get past its check, but not past ours
  const twice$ = (fromEvent(provider, 'refresh_token.consumed') as Observable<{ jti: string }>).pipe(
    repeated(({ jti }) => jti),
  );
  const isRefresh = ({ oidc }: KoaContextWithOIDC): boolean =>
    oidc.params?.['grant_type'] === 'refresh_token';
  const isSignOut = ({ oidc }: KoaContextWithOIDC): boolean => oidc.route === 'revocation';
  return merge(
    granted$.pipe(
      map(
        (context, index) =>
          ({ type: isRefresh(context) ? 'refreshed' : 'signed-in', serial: index + 1 }) as const,
      ),
    ),
    revoked$.pipe(map((context) => ({ type: isSignOut(context) ? 'revoked' : 'reused' }) as const)),
    fromEvent(provider, 'grant.error').pipe(map(() => ({ type: 'refused' }) as const)),
    twice$.pipe(map(() => ({ type: 'reused' }) as const)),
  ).pipe(map((ruling) => ({ ...ruling, at: Date.now() })));
}
