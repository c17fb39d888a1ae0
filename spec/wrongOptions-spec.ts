import { describe, expect, it } from '@jest/globals';
import { createTokenManager, encrypted, memoryStore, tokenManagers } from 'rx-token';
import { bearerFetch } from 'rx-token/fetch';
import {
  clientCredentialsGrant,
  deviceAuthorizationGrant,
  refreshTokenGrant,
  revokeToken,
} from 'rx-token/oauth';

const tokens = createTokenManager({ refresh: () => ({ access_token: 'A1' }) });

describe('who gives no options at all is told which to give', () => {
  it.each<[string, (options: never) => unknown, RegExp]>([
    ['createTokenManager', createTokenManager, /^refresh or acquire must be given/],
    ['tokenManagers', tokenManagers, /^refresh or acquire must be given/],
    ['encrypted', (options) => encrypted(memoryStore(), options), /^encrypted: key must be/],
    ['bearerFetch', (options) => bearerFetch(tokens, options), /^targets must list/],
    ['bearerFetch without a manager', (options) => bearerFetch(options, options), /^tokens must be/],
    ['refreshTokenGrant', refreshTokenGrant, /^clientId must be/],
    ['clientCredentialsGrant', clientCredentialsGrant, /^clientId must be/],
    ['deviceAuthorizationGrant', deviceAuthorizationGrant, /^clientId must be/],
    ['revokeToken', revokeToken, /^clientId must be/],
  ])('%s', (_name, create, message) => {
    for (const nothing of [undefined, null] as never[]) {
      expect(() => create(nothing)).toThrow(TypeError);
      expect(() => create(nothing)).toThrow(message);
    }
  });
});

describe('who gives something else for the signal of a call is told by its promise', () => {
  it.each(['getValidToken', 'getCredentials'] as const)('%s', async (member) => {
    const signal = new AbortController() as unknown as AbortSignal; // meant was its signal
    await expect(tokens[member]({ signal, minValidityMs: 1 })).rejects.toThrow(
      new TypeError('signal must be an AbortSignal'),
    );
  });
});
