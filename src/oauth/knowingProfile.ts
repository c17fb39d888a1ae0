import type { ProviderProfile } from '../profile.js';

/** Whose token endpoint it asks: a manager that is given this function need not be told. */
export interface KnowingProfile {
  readonly profile: ProviderProfile;
}

/** The same function, which knows its profile. Printed it does not show it: there may be a key in its headers. */
export function knowingProfile<Grant extends object>(
  grant: Grant,
  profile: ProviderProfile,
): Grant & KnowingProfile {
  return Object.defineProperty(grant, 'profile', { value: profile }) as Grant & KnowingProfile;
}
