import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import {
  clientCredentialsGrant,
  deviceAuthorizationGrant,
  type GrantOptions,
  refreshTokenGrant,
  revokeToken,
} from 'rx-token/oauth';

const tokenEndpoint = 'https://id.example.com/token';
const clientId = 'my-app';
const good: GrantOptions = { tokenEndpoint, clientId };

describe('the options of the grants', () => {
  it.each<[string, object, RegExp]>([
    ['nowhere to ask', { tokenEndpoint: undefined }, /^TypeError: tokenEndpoint or issuer must be given/],
    [
      'a provider that does not say where',
      { tokenEndpoint: undefined, provider: 'okta' },
      /tokenEndpoint or issuer/,
    ],
    ['an unknown provider', { provider: 'nobody' }, /^RangeError: provider must be one of .*google/],
    ['a provider that is none', { provider: {} }, /^TypeError: provider must be a name, or a profile/],
    [
      'an endpoint that is no URL',
      { tokenEndpoint: 'token' },
      /^TypeError: tokenEndpoint must be a URL of https/,
    ],
    ['an endpoint of another scheme', { tokenEndpoint: 'ftp://a/' }, /tokenEndpoint must be a URL of https/],
    [
      'plain http',
      { tokenEndpoint: 'http://id.example.com' },
      /tokenEndpoint must be https: plain http is for loopback only/,
    ],
    ['what looks like loopback', { tokenEndpoint: 'http://127.0.0.1.example.com' }, /plain http/],
    ['what looks like localhost', { tokenEndpoint: 'http://localhost.example.com' }, /plain http/],
    [
      'plain http of a provider',
      {
        tokenEndpoint: undefined,
        provider: { name: 'a', reuse: 'unknown', tokenEndpoint: 'http://a.example' },
      },
      /provider\.tokenEndpoint must be https/,
    ],
    ['a plain issuer', { issuer: 'http://id.example.com' }, /issuer must be https/],
    [
      'a password in the URL',
      { tokenEndpoint: 'https://me:canary@id.example.com' },
      /tokenEndpoint must not hold a user name/,
    ],
    ['a fragment', { tokenEndpoint: 'https://id.example.com/#a' }, /fragment/],
    ['no client', { clientId: undefined }, /^TypeError: clientId must be a non-empty string/],
    ['an empty client', { clientId: ' ' }, /clientId/],
    ['an empty secret', { clientSecret: '' }, /clientSecret must be a non-empty string/],
    ['a scope that is a list', { scope: ['a'] }, /scope/],
    [
      'an unknown method',
      { clientAuthentication: 'canary' },
      /^RangeError: clientAuthentication must be a function, or one of/,
    ],
    [
      'a method that needs a secret',
      { clientAuthentication: 'client_secret_post' },
      /clientSecret must be given for client_secret_post/,
    ],
    [
      'parameters that are no strings',
      { parameters: { audience: 1 } },
      /^TypeError: parameters must be an object of strings/,
    ],
    ['parameters that are a string', { parameters: 'canary' }, /parameters must be an object of strings/],
    [
      'a header that cannot be sent',
      { headers: { 'x-key': 'canary\n' + 'a: b' } },
      /headers must be names and values/,
    ],
    ['authorization', { headers: { Authorization: 'Bearer canary' } }, /headers must not have authorization/],
    ['a fetch that is none', { fetch: 'fetch' }, /fetch must be a function/],
    ['a flag that is a word', { allowInsecureRequests: 'yes' }, /allowInsecureRequests must be a boolean/],
    ['no time', { timeoutMs: 0 }, /^RangeError: timeoutMs/],
    ['more than a timer can wait', { timeoutMs: 2 ** 31 }, /^RangeError: timeoutMs/],
    ['a time that is a word', { timeoutMs: '10' }, /^TypeError: timeoutMs/],
    ['no clock', { scheduler: {} }, /scheduler must be a SchedulerLike/],
  ])('are refused at creation: %s', (_what, wrong, complaint) => {
    for (const create of [refreshTokenGrant, clientCredentialsGrant]) {
      const thrown = caught(() => create({ ...good, ...wrong }));
      expect(String(thrown)).toMatch(complaint);
      expect(inspect(thrown)).not.toContain('canary');
    }
  });

  it('say which endpoint is missing', () => {
    expect(() => revokeToken(good)).toThrow('revocationEndpoint or issuer must be given');
    expect(() => deviceAuthorizationGrant(good)).toThrow(
      'deviceAuthorizationEndpoint or issuer must be given',
    );
    const deviceAuthorizationEndpoint = 'https://id.example.com/device';
    expect(() => deviceAuthorizationGrant({ clientId, deviceAuthorizationEndpoint })).toThrow(
      'tokenEndpoint',
    );
  });

  it.each<[string, Partial<GrantOptions>]>([
    ['loopback', { tokenEndpoint: 'http://127.0.0.1:3000/token' }],
    ['localhost', { tokenEndpoint: new URL('http://localhost/token') }],
    ['loopback of IPv6', { tokenEndpoint: 'http://[::1]/token' }],
    ['plain http, if that is wanted', { tokenEndpoint: 'http://id.test/token', allowInsecureRequests: true }],
    ['an issuer alone', { tokenEndpoint: undefined, issuer: 'https://id.example.com' }],
    ['the name of a provider', { tokenEndpoint: undefined, provider: 'google' }],
  ])('take %s', (_what, options) => {
    expect(refreshTokenGrant({ ...good, ...options })).toEqual(expect.any(Function));
  });

  it('are not shown by what is made of them', () => {
    const secret = {
      ...good,
      clientSecret: 'canary',
      revocationEndpoint: tokenEndpoint,
      deviceAuthorizationEndpoint: tokenEndpoint,
    };
    for (const create of [refreshTokenGrant, clientCredentialsGrant, revokeToken, deviceAuthorizationGrant])
      expect(inspect(create(secret), { depth: 9, showHidden: true })).not.toContain('canary');
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
