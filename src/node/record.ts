import { createHash } from 'node:crypto';
import type { Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { credentialsFrom } from '../storedText.js';

/** The bytes of a credential file. */
export function toBytes(credentials: Credentials): Buffer {
  return Buffer.from(`${JSON.stringify(credentials, null, 2)}\n`);
}

/** What the bytes of a credential file say, see {@link credentialsFrom}. Some tools write a byte order mark. */
export function fromBytes(bytes: Buffer): Credentials | null | undefined {
  return credentialsFrom(bytes.toString('utf8').replace(/^\uFEFF/, ''));
}

/** A version is of the content, so that a foreign writer is noticed. */
export function versionOf(bytes: Buffer): Version {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 24);
}
