import { Injectable, signal } from '@angular/core';
import * as oauth from 'oauth4webapi';
import { injectTokenManager } from 'rx-token/angular';
import { revokeToken } from 'rx-token/oauth';
import { client, redirectUri } from './client';

/** What has to survive the way to the authorization server and back. */
interface Departure {
  readonly state: string;
  readonly verifier: string;
  readonly search: string;
}

const KEY = 'rx-token-demo-sign-in';
const issuer = new URL(client.issuer);
const loopback = { [oauth.allowInsecureRequests]: true };

/** Authorization code with PKCE (RFC 7636), by oauth4webapi; it ends in `tokens.set(…)`. */
@Injectable({ providedIn: 'root' })
export class SignIn {
  private readonly tokens = injectTokenManager();
  private readonly trouble = signal<string | undefined>(undefined);
  readonly error = this.trouble.asReadonly();

  /** Leaves for the authorization server. */
  async start(): Promise<void> {
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
  }

  /** Does nothing unless this page is where the authorization server has sent us back to. Never rejects. */
  async finish(): Promise<void> {
    const here = new URL(location.href);
    if (!here.searchParams.has('state')) return;
    const departure = kept();
    history.replaceState(null, '', `/${departure?.search ?? ''}`); // a code in the address is good for nothing now
    try {
      if (!departure) throw new Error('this tab had not asked for it');
      await this.tokens.set(await redeemed(here, departure));
    } catch (error) {
      this.trouble.set(`Signing in failed: ${error instanceof Error ? error.message : 'no reason was given'}`);
    }
  }

  /** For all tabs, and at the server. */
  end(): Promise<void> {
    return this.tokens.clear({ revoke: revokeToken(client) });
  }
}

async function discovered(): Promise<oauth.AuthorizationServer> {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loopback));
}

async function redeemed(here: URL, { state, verifier }: Departure): Promise<oauth.TokenEndpointResponse> {
  const server = await discovered();
  const who = { client_id: client.clientId, id_token_signed_response_alg: 'ES256' };
  const parameters = oauth.validateAuthResponse(server, who, here, state);
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

function keep(departure: Departure): void {
  sessionStorage.setItem(KEY, JSON.stringify(departure));
}

function kept(): Departure | undefined {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Departure);
}
