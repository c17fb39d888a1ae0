import {
  assertCredentials,
  asCredentials,
  frozenFrom,
  isText,
  printable,
  type Credentials,
} from '../../credentials.js';
import { StoreError } from '../../errors.js';
import { cipherFrom, type Cipher } from './cipher.js';
import type { Encryption } from './readEncryption.js';

/** A record as it is stored, and what it says. */
export interface Opened {
  readonly stored: Credentials;
  readonly credentials: Credentials;
}

/** Makes what is stored of credentials, and credentials of what is stored. */
export interface Vault {
  /** Rejects with `store_corrupt`, which names the option to look at. */
  open(stored: Credentials): Promise<Credentials>;
  /** @param present what is stored now: what of it stays is named as it was, and what is not ours is kept */
  seal(next: Credentials, present?: Opened | null): Promise<Credentials>;
}

/** So that people see at once why no server takes it. */
const PREFIX = 'encrypted:';
const SEALED = /^v1\.([\w-]{8})\.([\w-]+\.[\w-]+)$/;

const textOf = ({ encrypted }: Credentials): string => (isText(encrypted) ? encrypted : '');

/** True for a record of ours, whole or not. */
export function isSealed(stored: Credentials): boolean {
  return stored.access_token.startsWith(PREFIX) || textOf(stored).startsWith('v1.');
}

/**
 * A stored record has the fields of any other, so that every store can keep it:
 *
 * ```
 * { "access_token": "encrypted:<name>", "refresh_token": "encrypted:<name>",
 *   "encrypted": "v1.<key id>.<iv>.<all of the credentials, encrypted>" }
 * ```
 *
 * The names stand for the tokens: stores note which tokens are in use, or dead, by what stands in their place.
 * For that a name stays as long as its token does, also when the key is replaced.
 */
export function createVault({ subtle, keys, id, acceptsPlaintext }: Encryption): Vault {
  let ring: Promise<readonly [Cipher, ...Cipher[]]> | undefined;
  const ciphers = () =>
    (ring ??= Promise.all(keys.map((key) => cipherFrom(subtle, key))).catch((error: unknown) => {
      ring = undefined; // what failed once may not fail again
      throw error;
    }) as Promise<never>);

  /** What a ciphertext opens beside: its format and key, its place, and the names it was given. */
  const boundBy = (kid: string, { access_token, refresh_token }: Credentials): string =>
    JSON.stringify(['rx-token', 1, kid, id, access_token, refresh_token]);

  async function unsealed(stored: Credentials): Promise<Credentials> {
    const [, kid = '', sealed = ''] = SEALED.exec(textOf(stored)) ?? [];
    if (!sealed) throw corrupt('was damaged');
    const cipher = (await ciphers()).find((each) => each.kid === kid);
    if (!cipher) throw corrupt(`needs the key ${kid}: neither key nor previousKeys has it`);
    try {
      return printable(frozenFrom(await cipher.open(sealed, boundBy(kid, stored))) as Credentials);
    } catch {
      throw corrupt('was changed, or moved from another place: see the option id'); // without what WebCrypto says
    }
  }

  return {
    async open(stored) {
      if (isSealed(stored)) return unsealed(stored);
      if (!acceptsPlaintext) throw corrupt("is in plain text, and the option plaintext is 'refuse'");
      return stored;
    },
    async seal(next, present) {
      assertCredentials(next, 'write(next)');
      const [cipher] = await ciphers();
      const before = present && isSealed(present.stored) ? present : undefined;
      const nameOf = async (field: 'access_token' | 'refresh_token', token: string): Promise<string> =>
        token === before?.credentials[field]
          ? (before.stored[field] ?? '')
          : PREFIX + (await cipher.name(field, token));
      const { access_token, refresh_token } = next;
      const named = {
        ...strangersIn(before?.stored),
        access_token: await nameOf('access_token', access_token),
        ...(refresh_token !== undefined && {
          refresh_token: await nameOf('refresh_token', refresh_token),
        }),
      };
      const sealed = await cipher.seal(JSON.stringify(asCredentials(next)), boundBy(cipher.kid, named));
      return asCredentials({ ...named, encrypted: `v1.${cipher.kid}.${sealed}` });
    },
  };
}

/** What is not ours in a record of ours. */
function strangersIn(stored: Credentials | undefined): object {
  const ours = ['access_token', 'refresh_token', 'encrypted'];
  return Object.fromEntries(Object.entries(stored ?? {}).filter(([field]) => !ours.includes(field)));
}

function corrupt(what: string): StoreError {
  return new StoreError('store_corrupt', `The record ${what}. It stays until set() replaces it`);
}
