import { describe, expect, it } from '@jest/globals';
import { classifyAnswer } from '../../src/classify.js';
import * as seeded from '../../src/providers/seeded.js';

const { profileNamed } = seeded;
const names = ['google', 'okta', 'auth0', 'microsoft', 'salesforce', 'github', 'generic'] as const;

describe('profileNamed', () => {
  it.each(names)('finds %s, which is exported under its name', (name) => {
    expect(profileNamed(name)).toBe(seeded[name]);
    expect(profileNamed(name).name).toBe(name);
  });

  it.each(['constructor', '__proto__', 'toString', 'Google', ' google', ''])('does not find %j', (name) => {
    expect(() => profileNamed(name)).toThrow(RangeError);
    for (const known of names) expect(() => profileNamed(name)).toThrow(known);
  });
});

describe('the seeded profiles', () => {
  it.each([
    ['google', 'harmless'],
    ['okta', { graceMs: 30_000 }],
    ['auth0', 'strict'],
    ['microsoft', 'harmless'],
    ['salesforce', 'unknown'],
    ['github', 'unknown'],
    ['generic', 'unknown'],
  ])('%s: a refresh token that was used before is %j', (name, reuse) => {
    expect(profileNamed(name).reuse).toEqual(reuse);
  });

  it('know what GitHub means by a refusal, and nobody else’s', () => {
    const answer = { body: { error: 'bad_refresh_token' }, status: 200 };
    const codes = names.map((name) => (classifyAnswer(answer, profileNamed(name)) as { code?: string }).code);
    expect(codes.filter((code) => code === 'refresh_rejected')).toHaveLength(1);
    expect(codes[names.indexOf('github')]).toBe('refresh_rejected');
  });

  it('know how long a token of Salesforce lives, which does not say', () => {
    expect(profileNamed('salesforce').defaultLifetimeMs).toBe(2 * 3_600_000);
    expect(names.filter((name) => profileNamed(name).defaultLifetimeMs)).toEqual(['salesforce']);
  });
});
