import { describe, expect, it } from '@jest/globals';
import { compile } from './helpers/compiled.js';

/** With `exactOptionalPropertyTypes`, as the project has it: an option from the environment may not be there. */
const passedOn = `
  import { webStorageStore, indexedDbStore } from './src/browser/index.js';
  import { bearerFetch } from './src/fetch/index.js';
  import { createTokenManager, memoryStore, tokenManagers, withToken, type ProviderProfile } from './src/index.js';
  import { fileStore } from './src/node/index.js';
  import { refreshTokenGrant } from './src/oauth/index.js';
  import { postgresStore } from './src/postgres/index.js';
  import { google } from './src/providers/index.js';
  import { redisStore } from './src/redis/index.js';
  declare function given<T>(): T | undefined;
  const text = given<string>(), ms = given<number>(), flag = given<boolean>();
  const refresh = () => Promise.resolve({ access_token: 'access' });
  const tokens = createTokenManager({ refresh, skewMs: ms, strictPersist: flag, provider: text });
  void tokens.getValidToken({ minValidityMs: ms, signal: given<AbortSignal>() });
  tokenManagers({ refresh, idleMs: ms, maxActive: ms });
  fileStore('file', { restatMs: ms });
  redisStore(given<never>()!, 'key', { leaseMs: ms, answerMs: ms, by: text });
  postgresStore(given<never>()!, 'key', { table: text, create: flag });
  webStorageStore('key', undefined, { leaseMs: ms });
  indexedDbStore('name', { leaseMs: ms });
  refreshTokenGrant({ clientId: 'me', clientSecret: text, scope: text, tokenEndpoint: text, timeoutMs: ms });
  withToken(tokens, () => Promise.resolve(1), { isRejected: given<() => boolean>() });
  const fetch = given<typeof globalThis.fetch>();
  const target = { url: 'https://api.example', methods: given<string[]>(), allowInsecureRequests: flag };
  bearerFetch(tokens, { targets: [target], fetch });
  const mine: ProviderProfile = { ...google, tokenEndpoint: text, issuer: text, defaultLifetimeMs: ms };
  createTokenManager({ refresh, provider: mine, store: memoryStore() });
`;

describe('the types', () => {
  it('let every option be undefined, which is its default', () => {
    expect(compile(new Map([['passedOn.ts', passedOn]])).complaints('passedOn.ts')).toEqual([]);
  });
});
