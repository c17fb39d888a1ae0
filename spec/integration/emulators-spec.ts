import { afterEach, describe, expect, it } from '@jest/globals';
import { createTokenManager, type TokenManager, type TokenManagerConfig } from 'rx-token';
import { bearerFetch } from 'rx-token/fetch';
import { refreshTokenGrant } from 'rx-token/oauth';
import type { ProviderProfile } from 'rx-token/providers';
import type { FakeAuthorizationServer } from 'rx-token/testing';
import { codeOf } from '../helpers/diary.js';
import { emulators } from '../helpers/emulators.js';

interface Life {
  readonly server: FakeAuthorizationServer;
  readonly profile: ProviderProfile;
  readonly tokens: TokenManager;
  /** The status of a request with a valid token. */
  readonly get: () => Promise<number>;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Signed in to the emulator, through what a user writes. */
async function life(name: string, config: Partial<TokenManagerConfig> = {}): Promise<Life> {
  const { server, profile } = emulators[name]!();
  const { url, close } = await server.listen();
  const grant = { provider: profile, tokenEndpoint: url, clientId: 'me', clientSecret: 'hush' };
  const tokens = createTokenManager({
    provider: profile,
    refresh: refreshTokenGrant({ ...grant, scope: 'read' }),
    retry: () => 0,
    ...config,
  });
  closing.push(() => tokens.dispose(), close);
  await tokens.set(server.signIn({ scope: 'read' }));
  const origin = new URL(url).origin;
  const api = bearerFetch(tokens, { targets: [origin] });
  return { server, profile, tokens, get: async () => (await api(`${origin}/resource`)).status };
}

const refreshing = Object.keys(emulators).filter((name) => name !== 'github OAuth app');

describe.each(refreshing)('a life with %s', (name) => {
  it('signs in, and refreshes ten times, one request each', async () => {
    const { server, tokens, get } = await life(name);
    expect(await get()).toBe(200);
    const seen = new Set([await tokens.getValidToken()]);
    for (let nth = 1; nth <= 10; nth++) {
      await tokens.invalidate();
      expect(await get()).toBe(200);
      seen.add(await tokens.getValidToken());
    }
    expect(seen.size).toBe(11);
    expect(server.counters).toMatchObject({ requests: 10, refreshes: 10, reuses: 0 });
    expect((await tokens.getCredentials()).refresh_token).toEqual(expect.any(String));
    expect((await tokens.getCredentials()).expires_at).toBeGreaterThan(Date.now());
  });

  it('has a 401 renewed, once for fifty', async () => {
    const { server, tokens, get } = await life(name);
    server.revoke(await tokens.getValidToken());
    const statuses = await Promise.all(Array.from({ length: 50 }, get));
    expect(statuses).toEqual(Array(50).fill(200));
    expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
  });

  it('loses an answer, signs nobody out, and fares as the provider allows', async () => {
    const { server, profile, tokens } = await life(name);
    const first = await tokens.getValidToken();
    server.faults.next({ commitThenDropReply: 'reset' });

    const isGrace = typeof profile.reuse === 'object'; // then it is sent again at once
    const renewed = await tokens.renew(first).catch(codeOf);
    expect(renewed).toEqual(isGrace ? expect.stringMatching(/^access-/) : 'refresh_unavailable');

    const isSpent = ['auth0', 'generic', 'github GitHub App'].includes(name); // nobody can have the successor
    const again = await tokens.renew(first).catch(codeOf);
    expect(again).toEqual(isSpent ? 'rotation_lost' : expect.stringMatching(/^access-/));
    expect(server.counters).toMatchObject({ requests: 2, reuses: isSpent ? 1 : 0, refusedAgain: 0 });
  });

  it('is revoked: told as a refusal, once, and the refused token is not sent again', async () => {
    const { server, tokens, get } = await life(name);
    const { access_token, refresh_token = '' } = await tokens.getCredentials();
    server.revoke(refresh_token);
    await tokens.invalidate(access_token);
    const codes = await Promise.all(
      [tokens.renew(access_token), tokens.getValidToken(), get()].map((asked) => asked.catch(codeOf)),
    );
    expect(codes).toEqual(Array(3).fill('refresh_rejected'));
    expect(await tokens.getValidToken().catch(codeOf)).toBe('refresh_rejected');
    expect(server.counters).toMatchObject({ requests: 1, refusedAgain: 0 });
    await tokens.set(server.signIn({ scope: 'read' }));
    expect(await get()).toBe(200);
  });
});

describe('a life with a GitHub OAuth app, whose tokens do not end', () => {
  it('asks for nothing, and a 401 comes back as it is', async () => {
    const { server, tokens, get } = await life('github OAuth app');
    const { access_token } = server.signIn();
    await tokens.set({ access_token });
    expect(await get()).toBe(200);
    server.revoke(access_token);
    expect(await get()).toBe(401);
    expect(server.counters).toMatchObject({ reuses: 0 });
  });
});
