import { NO_VERSION, type Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { fingerprint } from '../fingerprint.js';
import { credentialsFrom } from '../storedText.js';

/** What is stored, see {@link credentialsFrom}; nothing is signed out. */
export function recordFrom(text: string | null): Credentials | null | undefined {
  return text === null ? null : credentialsFrom(text);
}

/** A version is of the content, so that a foreign writer is noticed. */
export function versionOf(text: string | null, credentials: Credentials | null): Version {
  return text !== null && credentials ? fingerprint(text) : NO_VERSION;
}
