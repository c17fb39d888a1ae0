import { fingerprint } from '../fingerprint.js';

/** A table by the name that the user gave. */
export interface Table {
  /** As it was given. */
  readonly name: string;
  /** As it stands in a statement: `"schema"."table"`. */
  readonly quoted: string;
  /** Where its changes are announced. Without the schema: others may reach the same table by another path. */
  readonly channel: string;
}

/** So that there is nothing to escape, wherever the name goes; 63 bytes are all that PostgreSQL reads of it. */
const PART = /^[\p{L}_][\p{L}\p{N}_$-]*$/u;
const MAX_BYTES = 63;

/** @throws TypeError for what is no name of a table */
export function tableNamed(name: unknown): Table {
  const parts = typeof name === 'string' ? name.split('.') : [];
  const isName = (part: string): boolean =>
    PART.test(part) && new TextEncoder().encode(part).length <= MAX_BYTES;
  if (parts.length < 1 || parts.length > 2 || !parts.every(isName)) {
    throw new TypeError(
      'postgresStore: table must be a name, or schema.name, of letters, digits, _, $ and -, of up to 63 bytes each',
    );
  }
  const quoted = parts.map((part) => `"${part}"`).join('.');
  return { name: name as string, quoted, channel: `rx_token_${fingerprint(parts.at(-1) ?? '')}` };
}

export const DEFAULT_TABLE = 'rx_token_credentials';

/**
 * The DDL of a table of credentials, one row each, for your migrations; running it twice does no harm.
 *
 * - `key`: what `postgresStore` is given.
 * - `credentials`: the record, with the standard's own field names; others may write it, and are noticed.
 * - `notes`: what this library notes beside it: that a refresh token is in use, or was refused.
 *
 * @param name a name, or `schema.name`; upper and lower case are told apart
 */
export function credentialTable(name: string = DEFAULT_TABLE): string {
  return `CREATE TABLE IF NOT EXISTS ${tableNamed(name).quoted} (
  key text COLLATE "C" PRIMARY KEY,
  credentials json,
  notes jsonb
);
`;
}
