import type { ProviderProfile } from '../profile.js';

/** Refresh tokens stay as they are; answers to a refresh omit them. */
export const google: ProviderProfile = { name: 'google', reuse: 'harmless' };

/** Rotation with a grace period of 0 to 60 s, 30 s unless the administrator changed it. */
export const okta: ProviderProfile = { name: 'okta', reuse: { graceMs: 30_000 } };

/** Reuse revokes the family; the "rotation overlap period" is 0 unless the tenant set one. */
export const auth0: ProviderProfile = { name: 'auth0', reuse: 'strict' };

/**
 * Entra ID hands out new refresh tokens and never revokes the old ones. Where a policy wants the user to be seen
 * (another factor, consent), it says so to a refresh, too.
 */
export const microsoft: ProviderProfile = {
  name: 'microsoft',
  reuse: 'harmless',
  terminalErrors: ['interaction_required', 'login_required', 'consent_required'],
};

/** Sends no `expires_in`; sessions commonly last two hours. What a reused token does is not documented. */
export const salesforce: ProviderProfile = {
  name: 'salesforce',
  reuse: 'unknown',
  defaultLifetimeMs: 2 * 60 * 60_000,
};

/** GitHub Apps rotate, and answer HTTP 200 with an error. */
export const github: ProviderProfile = {
  name: 'github',
  reuse: 'unknown',
  terminalErrors: ['bad_refresh_token'],
};

/** Any server that keeps to RFC 6749. */
export const generic: ProviderProfile = { name: 'generic', reuse: 'unknown' };

const seeded = [google, okta, auth0, microsoft, salesforce, github, generic];

/** Finds a seeded profile; an unknown name is a `RangeError` that lists the known ones. */
export function profileNamed(name: string): ProviderProfile {
  const found = seeded.find((profile) => profile.name === name);
  if (!found)
    throw new RangeError(`provider must be one of ${seeded.map((profile) => profile.name).join(', ')}`);
  return found;
}
