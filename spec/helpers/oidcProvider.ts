import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Configuration } from 'oidc-provider';
import type { Credentials } from 'rx-token';
import { quietly } from '../../demo/terminal/quietly.js';

export interface OidcProvider {
  readonly issuer: string;
  /** How many grants have ended because a refresh token was shown twice, or revoked. */
  readonly grantsRevoked: number;
  /** The first pair of tokens, as after a login: there is no browser here. */
  signIn(): Promise<Credentials>;
  /** What a user does who has been shown this code. */
  answerDevice(userCode: string, answer: 'agree' | 'refuse'): Promise<void>;
  /** From now on the API refuses it. */
  endAccessToken(accessToken: string): Promise<void>;
  /** Whether a refresh token would still be taken. */
  isRefreshTokenValid(refreshToken: string): Promise<boolean>;
  close(): Promise<void>;
}

/** A program that cannot keep a secret, and a service that can. */
export const PUBLIC_CLIENT = 'my-cli';
export const SERVICE = { clientId: 'my-service', clientSecret: 'secret-canary' };

const SCOPE = 'openid offline_access';

/** A real `oidc-provider` on loopback that rotates: who shows a refresh token twice loses the whole grant. */
export async function oidcProvider(): Promise<OidcProvider> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const provider = await quietly(
    async () => new (await import('oidc-provider')).Provider(issuer, CONFIGURATION),
  );
  const handle = provider.callback();
  http.on('request', (request, response) => void handle(request, response));
  let grantsRevoked = 0;
  provider.on('grant.revoked', () => grantsRevoked++);

  async function termsOf(clientId: string) {
    const client = await provider.Client.find(clientId);
    if (!client) throw new TypeError(`no client ${clientId}`);
    const grant = new provider.Grant({ accountId: 'somebody', clientId });
    grant.addOIDCScope(SCOPE);
    return { accountId: 'somebody', client, grantId: await grant.save(), scope: SCOPE };
  }

  return {
    issuer,
    get grantsRevoked() {
      return grantsRevoked;
    },
    async signIn() {
      const terms = { ...(await termsOf(PUBLIC_CLIENT)), gty: 'refresh_token' };
      const access_token = await new provider.AccessToken(terms).save();
      return { access_token, refresh_token: await new provider.RefreshToken(terms).save(), expires_in: 60 };
    },
    async answerDevice(userCode, answer) {
      const code = await provider.DeviceCode.findByUserCode(userCode.replace(/\W/g, ''));
      if (!code) throw new TypeError(`no code ${userCode}`);
      const { accountId, grantId, scope } = await termsOf(PUBLIC_CLIENT);
      Object.assign(code, answer === 'agree' ? { accountId, grantId, scope } : { error: 'access_denied' });
      await code.save();
    },
    async endAccessToken(accessToken) {
      await (await provider.AccessToken.find(accessToken))?.destroy();
    },
    async isRefreshTokenValid(refreshToken) {
      return (await provider.RefreshToken.find(refreshToken))?.isValid ?? false;
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

const CONFIGURATION: Configuration = {
  clients: [
    {
      client_id: PUBLIC_CLIENT,
      token_endpoint_auth_method: 'none',
      grant_types: ['refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: [],
      redirect_uris: [],
    },
    {
      client_id: SERVICE.clientId,
      client_secret: SERVICE.clientSecret,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 60,
    ClientCredentials: 60,
    IdToken: 60,
    RefreshToken: 86_400,
    Grant: 86_400,
    DeviceCode: 600,
  },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
};
