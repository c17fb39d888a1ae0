import { createHash } from 'node:crypto';
import type { Version } from '../contracts.js';
import { frozenFrom, isCredentials, printable, type Credentials } from '../credentials.js';

/** The bytes of a credential file. */
export function toBytes(credentials: Credentials): Buffer {
  return Buffer.from(`${JSON.stringify(credentials, null, 2)}\n`);
}

/**
 * What the bytes of a credential file say: `null` is signed out, `undefined` is no credentials at all.
 * Others sign out by writing `null` or `{}`, some write a byte order mark, and white space matters to nobody.
 */
export function fromBytes(bytes: Buffer): Credentials | null | undefined {
  try {
    const value = frozenFrom(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    if (isCredentials(value)) return printable(value);
    return JSON.stringify(value) === 'null' || JSON.stringify(value) === '{}' ? null : undefined;
  } catch {
    return undefined; // the parser's own message would quote the file
  }
}

/** A version is of the content, so that a foreign writer is noticed. */
export function versionOf(bytes: Buffer): Version {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 24);
}
