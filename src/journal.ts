import type { Pending, Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import { pairFingerprint, tokenFingerprint } from './fingerprint.js';

/** What a store keeps beside the credentials: the journal and the dead mark, keyed by fingerprints. */
export interface Notes {
  readonly pending?: Pending | undefined;
  /** {@link tokenFingerprint} of a refresh token that the provider refused for good. */
  readonly dead?: string | undefined;
}

/** Of the notes, what concerns these credentials: a rotation voids the rest without a write. */
export function notesOn(credentials: Credentials | null, notes: Notes): Pick<Snapshot, 'pending' | 'dead'> {
  if (!credentials) return {};
  const { pending, dead } = notes;
  return {
    ...(pending?.pair === pairFingerprint(credentials) && { pending }),
    ...(dead === tokenFingerprint(credentials) && { dead: true }),
  };
}
