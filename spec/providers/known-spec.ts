import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, of, VirtualTimeScheduler } from 'rxjs';
import { createTokenManager, memoryStore } from 'rx-token';
import * as known from 'rx-token/providers';
import type { ProviderProfile } from 'rx-token/providers';
import { codeOf } from '../helpers/diary.js';
import { classifyThrown } from '../../src/classify.js';
import { profileNamed } from '../../src/providers/seeded.js';

const profiles = Object.entries(known);
const held = { access_token: 'A1', refresh_token: 'R1', expires_at: 0 };

/** What a refresh ends in, when the provider answers so: credentials, or the code of an error. */
async function refreshed(provider: ProviderProfile, answer: unknown): Promise<unknown> {
  const scheduler = new VirtualTimeScheduler();
  const store = memoryStore(held);
  const tokens = createTokenManager({ store, provider, scheduler, refresh: () => of(answer), maxWaitMs: 0 });
  const outcome = tokens.getCredentials().catch(codeOf);
  for (let turn = 0; turn < 10; turn++) {
    await new Promise(setImmediate); // for the body of a `Response`
    scheduler.flush();
  }
  tokens.dispose();
  return outcome;
}

describe('the known profiles', () => {
  it.each(profiles)('%s names itself, knows something, and has endpoints of https only', (name, profile) => {
    expect(profile.name.replaceAll('-', '')).toBe(name.toLowerCase());
    const { issuer, tokenEndpoint, deviceAuthorizationEndpoint, revocationEndpoint } = profile;
    for (const url of [issuer, tokenEndpoint, deviceAuthorizationEndpoint, revocationEndpoint])
      expect(new URL(url ?? 'https://not.known').protocol).toBe('https:');
    if (name !== 'generic')
      expect(Object.keys(profile).length + Number(profile.reuse !== 'unknown')).toBeGreaterThan(2);
  });

  it.each(['google', 'okta', 'auth0', 'microsoft', 'salesforce', 'github', 'generic'] as const)(
    '%s is, by its name, the same to the manager',
    (name) => expect(known[name]).toMatchObject(profileNamed(name)),
  );

  it.each(profiles)('%s: a standard answer is one, a standard refusal too', async (_name, profile) => {
    expect(await refreshed(profile, { access_token: 'A2', scope: 'a b' })).toMatchObject({
      access_token: 'A2',
      scope: 'a b',
    });
    expect(await refreshed(profile, { error: 'invalid_grant' })).toBe('refresh_rejected');
    expect(await refreshed(profile, 'no object')).toBe('refresh_unavailable');
  });

  it.each<[string, ProviderProfile, unknown, unknown]>([
    ['HubSpot’s status', known.hubspot, { status: 'BAD_REFRESH_TOKEN', message: 'no' }, 'refresh_rejected'],
    ['GitHub’s error under 200', known.github, { error: 'bad_refresh_token' }, 'refresh_rejected'],
    ['OpenAI’s error object', known.openai, { error: { code: 'refresh_token_reused' } }, 'refresh_rejected'],
    ['OpenAI’s end', known.openai, { error: { code: 'refresh_token_expired' } }, 'refresh_rejected'],
    [
      'OpenAI’s revocation',
      known.openai,
      { error: { code: 'refresh_token_invalidated' } },
      'refresh_rejected',
    ],
    [
      'Supabase’s error_code',
      known.supabase,
      { code: 400, error_code: 'refresh_token_not_found', msg: 'Invalid Refresh Token: Not Found' },
      'refresh_rejected',
    ],
    [
      'Supabase’s code, of its later version',
      known.supabase,
      { code: 'session_expired', message: 'Invalid Refresh Token: Session Expired' },
      'refresh_rejected',
    ],
    [
      'Supabase’s other errors',
      known.supabase,
      { code: 429, error_code: 'over_request_rate_limit' },
      'refresh_unavailable',
    ],
    ['Linear’s commas', known.linear, { access_token: 'A2', scope: 'read,write' }, { scope: 'read write' }],
  ])('understand %s', async (_what, profile, answer, outcome) => {
    const found = await refreshed(profile, answer);
    if (typeof outcome === 'string') expect(found).toBe(outcome);
    else expect(found).toMatchObject(outcome as object);
  });
});

describe('a refusal that only its provider words so', () => {
  it.each<[string, ProviderProfile, object]>([
    [
      'atlassian',
      known.atlassian,
      { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
    ],
    ['microsoft', known.microsoft, { error: 'interaction_required', suberror: 'basic_action' }],
  ])('asks for a sign-in: %s', async (_name, profile, answer) => {
    expect(await refreshed(profile, answer)).toBe('refresh_rejected');
  });

  it('is not guessed: the client may be wrong', async () => {
    const answer = { error: 'unauthorized_client', error_description: 'not allowed to refresh' };
    expect(await refreshed(known.atlassian, answer)).toBe('configuration');
  });
});

describe('a profile of one’s own', () => {
  /** Tokens are nested, errors come under HTTP 200, scopes are arrays. */
  const acme: ProviderProfile = {
    name: 'acme',
    reuse: 'strict',
    terminalErrors: ['TOKEN_GONE'],
    normalize(body) {
      const { data, fault } = Object(body) as {
        data?: { tokens: { access: string; refresh: string }; scopes: string[]; ttl: number };
        fault?: { kind: string };
      };
      if (fault) return { error: fault.kind };
      if (!data) return body;
      const { tokens, scopes, ttl } = data;
      return {
        access_token: tokens.access,
        refresh_token: tokens.refresh,
        scope: scopes.join(' '),
        expires_in: ttl,
      };
    },
  };

  it('makes a standard answer of what the provider says', async () => {
    const answer = { data: { tokens: { access: 'A2', refresh: 'R2' }, scopes: ['a', 'b'], ttl: 60 } };
    expect(await refreshed(acme, answer)).toMatchObject({
      access_token: 'A2',
      refresh_token: 'R2',
      scope: 'a b',
      expires_in: 60,
    });
  });

  it.each<[string, unknown, string]>([
    ['a refusal', { fault: { kind: 'TOKEN_GONE' } }, 'refresh_rejected'],
    ['a Response of 200 that is one', new Response('{"fault":{"kind":"TOKEN_GONE"}}'), 'refresh_rejected'],
    ['an error that is thrown', { fault: { kind: 'BUSY' } }, 'refresh_unavailable'],
  ])('tells %s', async (_what, answer, code) => {
    expect(await refreshed(acme, answer)).toBe(code);
  });

  it('is asked about what a client throws, too', async () => {
    const error = Object.assign(new Error('400'), {
      response: { status: 400, data: { fault: { kind: 'TOKEN_GONE' } } },
    });
    const tokens = createTokenManager({ provider: acme, refresh: () => Promise.reject(error), maxWaitMs: 0 });
    await tokens.set(held);
    await expect(firstValueFrom(tokens.validToken$)).rejects.toMatchObject({ code: 'refresh_rejected' });
    tokens.dispose();
  });

  it.each<[string, unknown]>([
    ['a TypeError', new TypeError('no')],
    ['any other error', new Error('A2')],
    [
      'one that looks like an answer',
      Object.assign(new Error('no'), { status: 400, error: 'invalid_grant' }),
    ],
    ['what is no error', 'A2'],
  ])('that throws is a bug, and is told as one: %s', async (_what, thrown) => {
    const broken: ProviderProfile = {
      ...acme,
      normalize: () => {
        throw thrown;
      },
    };
    expect(await refreshed(broken, { access_token: 'A2' })).toBe('callback_failed');
    const error = classifyThrown({ response: { status: 400, data: { fault: {} } } }, broken, 0);
    expect(error).toMatchObject({ code: 'callback_failed' });
    expect(inspect(error)).not.toContain('A2');
  });
});
