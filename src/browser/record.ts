import { NO_VERSION, type Version } from '../contracts.js';
import { frozenFrom, isCredentials, printable, type Credentials } from '../credentials.js';
import { fingerprint } from '../fingerprint.js';

/**
 * What a stored text says: `null` is signed out, `undefined` is no credentials at all. Others sign out by writing
 * `null` or `{}`.
 */
export function recordFrom(text: string | null): Credentials | null | undefined {
  if (text === null) return null;
  try {
    const value = frozenFrom(text);
    if (isCredentials(value)) return printable(value);
    return JSON.stringify(value) === 'null' || JSON.stringify(value) === '{}' ? null : undefined;
  } catch {
    return undefined; // the parser's own message would quote the text
  }
}

/** A version is of the content, so that a foreign writer is noticed. */
export function versionOf(text: string | null, credentials: Credentials | null): Version {
  return text !== null && credentials ? fingerprint(text) : NO_VERSION;
}
