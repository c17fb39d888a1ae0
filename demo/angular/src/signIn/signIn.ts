import { Injectable, signal } from '@angular/core';
import * as oauth from 'oauth4webapi';
import { injectTokenManager } from 'rx-token/angular';
import { revokeToken } from 'rx-token/oauth';
import type { Arrival } from './arrival';
import { client, redirectUri } from './client';
import { type Departure, keep } from './departure';

const issuer = new URL(client.issuer);
// eslint-disable-next-line @typescript-eslint/no-deprecated -- the name is meant to be seen, and this is loopback
const loopback = { [oauth.allowInsecureRequests]: true };

/** Authorization code with PKCE (RFC 7636), by oauth4webapi; it ends in `tokens.set(…)`. */
@Injectable({ providedIn: 'root' })
export class SignIn {
  private readonly tokens = injectTokenManager();
  private readonly trouble = signal<string | undefined>(undefined);
  readonly error = this.trouble.asReadonly();

  /** Leaves for the authorization server. */
  start(): Promise<void> {
    return this.telling(async () => {
      const { authorization_endpoint } = await discovered();
      const state = oauth.generateRandomState();
      const verifier = oauth.generateRandomCodeVerifier();
      keep({ state, verifier, search: location.search });
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: client.clientId,
        redirect_uri: redirectUri,
        scope: 'openid offline_access',
        prompt: 'login consent',
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      location.assign(`${authorization_endpoint}?${query}`);
    });
  }

  /** Is back. */
  finish({ at, departure }: Arrival): Promise<void> {
    return this.telling(async () => {
      if (!departure) throw new Error('this tab had not asked for it');
      await this.tokens.set(await redeemed(at, departure));
    });
  }

  /** For all tabs, and at the server. */
  end(): Promise<void> {
    return this.tokens.clear({ revoke: revokeToken(client) });
  }

  private async telling(step: () => Promise<void>): Promise<void> {
    this.trouble.set(undefined);
    try {
      await step();
    } catch (error) {
      this.trouble.set(
        `Signing in failed: ${error instanceof Error ? error.message : 'no reason was given'}`,
      );
    }
  }
}

async function discovered(): Promise<oauth.AuthorizationServer> {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loopback));
}

async function redeemed(at: URL, { state, verifier }: Departure): Promise<oauth.TokenEndpointResponse> {
  const server = await discovered();
  const who = { client_id: client.clientId, id_token_signed_response_alg: 'ES256' };
  const parameters = oauth.validateAuthResponse(server, who, at, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    who,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
    loopback,
  );
  return oauth.processAuthorizationCodeResponse(server, who, response, { requireIdToken: true });
}
