import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTokenManager, type TokenManager } from 'rx-token';
import { bearerFetch } from 'rx-token/fetch';
import { refreshTokenGrant, revokeToken } from 'rx-token/oauth';
import { oidcProvider as profile } from 'rx-token/providers';
import { codeOf } from '../helpers/diary.js';
import { oidcProvider, PUBLIC_CLIENT, type OidcProvider } from '../helpers/oidcProvider.js';

let provider: OidcProvider;
beforeAll(async () => (provider = await oidcProvider()));
afterAll(() => provider.close());

/** Signed in, with an API that checks tokens: the provider's own `/me`. */
async function life() {
  const client = { issuer: provider.issuer, clientId: PUBLIC_CLIENT, provider: profile };
  let isLosing = false;
  let sent = 0;
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method === 'POST') sent++;
    if (!isLosing || init?.method !== 'POST') return response;
    isLosing = false;
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('gone'), { code: 'ECONNRESET' }) });
  };
  const refresh = refreshTokenGrant({ ...client, fetch: losing });
  const tokens: TokenManager = createTokenManager({ provider: profile, refresh, retry: () => 0 });
  await tokens.set(await provider.signIn());
  const api = bearerFetch(tokens, { targets: [provider.issuer] });
  return {
    tokens,
    revoke: revokeToken(client),
    me: async () => (await api(`${provider.issuer}/me`)).status,
    lose: () => void (isLosing = true),
    get sent() {
      return sent;
    },
  };
}

describe('a life with a real oidc-provider that rotates', () => {
  it('signs in, and refreshes ten times', async () => {
    const alive = await life();
    const before = provider.grantsRevoked;
    const seen = new Set([await alive.tokens.getValidToken()]);
    for (let nth = 1; nth <= 10; nth++) {
      await alive.tokens.invalidate();
      expect(await alive.me()).toBe(200);
      seen.add(await alive.tokens.getValidToken());
    }
    expect({ tokens: seen.size, sent: alive.sent }).toEqual({ tokens: 11, sent: 10 });
    expect(provider.grantsRevoked).toBe(before);
    alive.tokens.dispose();
  });

  it('has a 401 renewed, once for fifty', async () => {
    const alive = await life();
    const before = provider.grantsRevoked;
    await provider.endAccessToken(await alive.tokens.getValidToken());
    expect(await Promise.all(Array.from({ length: 50 }, alive.me))).toEqual(Array(50).fill(200));
    expect(alive.sent).toBe(1);
    expect(provider.grantsRevoked).toBe(before);
    alive.tokens.dispose();
  });

  it('loses an answer: nobody is signed out by that, only by the denial after it', async () => {
    const alive = await life();
    const first = await alive.tokens.getValidToken();
    alive.lose();
    expect(await alive.tokens.renew(first).catch(codeOf)).toBe('refresh_unavailable');
    expect(await alive.tokens.renew(first).catch(codeOf)).toBe('rotation_lost');
    expect(await alive.tokens.renew(first).catch(codeOf)).toBe('rotation_lost');
    expect(alive.sent).toBe(2);
    alive.tokens.dispose();
  });

  it('is revoked on signing out, and the API says so', async () => {
    const alive = await life();
    const { refresh_token = '' } = await alive.tokens.getCredentials();
    await alive.tokens.clear({ revoke: alive.revoke });
    expect(await provider.isRefreshTokenValid(refresh_token)).toBe(false);
    expect(await alive.me().catch(codeOf)).toBe('no_credentials');
    await alive.tokens.set(await provider.signIn());
    expect(await alive.me()).toBe(200);
    alive.tokens.dispose();
  });
});
