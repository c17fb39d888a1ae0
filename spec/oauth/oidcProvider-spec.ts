import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asyncScheduler, lastValueFrom, type SchedulerLike, type Subscription, tap } from 'rxjs';
import { createTokenManager, memoryStore } from 'rx-token';
import {
  clientCredentialsGrant,
  type ClientOptions,
  deviceAuthorizationGrant,
  refreshTokenGrant,
  revokeToken,
} from 'rx-token/oauth';
import { oidcProvider, type OidcProvider, PUBLIC_CLIENT, SERVICE } from '../helpers/oidcProvider.js';

/** Fifty times as fast as the clock: five seconds between two polls are long. */
const schedule = asyncScheduler.schedule.bind(asyncScheduler) as (...given: unknown[]) => Subscription;
const hasty: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule: (work: unknown, delayMs = 0, state?: unknown) => schedule(work, delayMs / 50, state),
};

const fast = { scheduler: hasty, timeoutMs: 600_000 };

let provider: OidcProvider;
let client: ClientOptions;
let lookedUp: string[];

beforeAll(async () => {
  provider = await oidcProvider();
  lookedUp = [];
  client = {
    issuer: provider.issuer,
    clientId: PUBLIC_CLIENT,
    fetch: (input, init) => {
      if (init?.method === 'GET') lookedUp.push(input as string);
      return fetch(input, init);
    },
  };
});
afterAll(() => provider.close());

describe('with a real oidc-provider that rotates', () => {
  it('refreshes ten times, each time with the token of the last, and looks the endpoint up once', async () => {
    const tokens = createTokenManager({ refresh: refreshTokenGrant(client) });
    await tokens.set(await provider.signIn());
    const seen = new Set<unknown>();
    for (let round = 0; round < 10; round++) {
      await tokens.invalidate();
      const callers = Array.from({ length: 20 }, () => tokens.getCredentials());
      for (const { access_token, refresh_token } of await Promise.all(callers))
        seen.add(`${access_token} ${refresh_token}`);
    }
    expect(seen.size).toBe(10);
    expect(provider.grantsRevoked).toBe(0);
    expect(lookedUp).toHaveLength(1);
    tokens.dispose();
  });

  it('tells a grant that was revoked', async () => {
    const tokens = createTokenManager({
      refresh: refreshTokenGrant(client),
      store: memoryStore({ access_token: 'a', refresh_token: 'gone', expires_at: 1 }),
    });
    await expect(tokens.getValidToken()).rejects.toMatchObject({
      code: 'refresh_rejected',
      error: 'invalid_grant',
      status: 400,
    });
    tokens.dispose();
  });

  it('gets a token for a service', async () => {
    const acquire = clientCredentialsGrant({ issuer: provider.issuer, ...SERVICE });
    const tokens = createTokenManager({ acquire });
    expect(await tokens.getValidToken()).toEqual(expect.any(String));
    tokens.dispose();
    const wrong = createTokenManager({
      acquire: clientCredentialsGrant({ issuer: provider.issuer, ...SERVICE, clientSecret: 'wrong' }),
      maxWaitMs: 0,
    });
    await expect(wrong.getValidToken()).rejects.toMatchObject({
      code: 'configuration',
      error: 'invalid_client',
    });
    wrong.dispose();
  });

  it('revokes: the refresh token, then, as often as one likes, what is unknown', async () => {
    const revoke = revokeToken(client);
    const { access_token, refresh_token = '' } = await provider.signIn();
    expect(await provider.isRefreshTokenValid(refresh_token)).toBe(true);
    await revoke({ access_token, refresh_token });
    expect(await provider.isRefreshTokenValid(refresh_token)).toBe(false);
    await revoke({ access_token, refresh_token });
    await revoke({ access_token: 'unknown' });
  });

  it('signs in on a device, and refreshes what it got', async () => {
    let prompts = 0;
    const signIn$ = deviceAuthorizationGrant({ ...client, ...fast, scope: 'openid offline_access' }).pipe(
      tap((event) => {
        if (event.type !== 'prompt') return;
        prompts++;
        expect(event.verificationUri).toBe(`${provider.issuer}/device`);
        expect(event.intervalMs).toBe(5000);
        void provider.answerDevice(event.userCode, 'agree');
      }),
    );
    const last = await lastValueFrom(signIn$);
    expect(prompts).toBe(1);
    if (last.type !== 'credentials') throw new TypeError(last.type);
    const tokens = createTokenManager({ refresh: refreshTokenGrant(client) });
    await tokens.set(last.credentials);
    expect(await tokens.getValidToken()).toBe(last.credentials.access_token);
    await tokens.invalidate();
    expect(await tokens.getValidToken()).not.toBe(last.credentials.access_token);
    tokens.dispose();
  });

  it('is told when the user refuses', async () => {
    const signIn$ = deviceAuthorizationGrant({ ...client, ...fast, scope: 'openid' }).pipe(
      tap((event) => event.type === 'prompt' && void provider.answerDevice(event.userCode, 'refuse')),
    );
    await expect(lastValueFrom(signIn$)).rejects.toMatchObject({
      code: 'refresh_rejected',
      error: 'access_denied',
    });
  });
});
