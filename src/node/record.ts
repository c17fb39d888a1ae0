import { createHash } from 'node:crypto';
import { NO_VERSION, type Version } from '../contracts.js';
import type { Credentials } from '../credentials.js';
import { credentialsFrom } from '../storedText.js';

/** The bytes of a credential file. */
export function toBytes(credentials: Credentials): Buffer {
  return Buffer.from(`${JSON.stringify(credentials, null, 2)}\n`);
}

/** The content of a credential file; `undefined` are no credentials at all. */
export interface Content {
  readonly credentials: Credentials | null | undefined;
  readonly version: Version;
}

/** What the bytes of a credential file say, and which version they are. */
export function contentFrom(bytes: Buffer): Content {
  const credentials = fromBytes(bytes);
  return { credentials, version: credentials ? versionOf(bytes) : NO_VERSION };
}

/** See {@link credentialsFrom}. Some tools write a byte order mark. */
export function fromBytes(bytes: Buffer): Credentials | null | undefined {
  return credentialsFrom(bytes.toString('utf8').replace(/^\uFEFF/, ''));
}

/** A version is of the content, so that a foreign writer is noticed. */
export function versionOf(bytes: Buffer): Version {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 24);
}
