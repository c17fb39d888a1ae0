import { ConfigurationError } from '../../errors.js';
import type { HkdfKey, WebCrypto } from './webCrypto.js';

/** 32 random bytes; or a `CryptoKey` for HKDF with the usage `deriveKey`, which need not be extractable. */
export type EncryptionKey = Uint8Array | HkdfKey;

export interface EncryptionOptions {
  /** What is written from now on is encrypted with this. */
  readonly key: EncryptionKey;
  /** What was written with these can still be read. Default none. */
  readonly previousKeys?: readonly EncryptionKey[] | undefined;
  /**
   * Whose record this is, such as the id of a user. It is not stored; a record that was written with another `id`,
   * or without one, is refused, so that nobody gets another's token by moving records about. Default none.
   */
  readonly id?: string | undefined;
  /**
   * A record in plain text that was there before: `'accept'` reads it, and the next refresh or sign-in encrypts;
   * `'refuse'`, for when all are encrypted, fails with `store_corrupt`. Default `'accept'`.
   */
  readonly plaintext?: 'accept' | 'refuse' | undefined;
  /** Default `globalThis.crypto`. */
  readonly crypto?: WebCrypto | undefined;
}

/** Options that were checked, with their defaults. */
export interface Encryption {
  readonly subtle: WebCrypto['subtle'];
  /** The one to write with first. */
  readonly keys: readonly EncryptionKey[];
  readonly id: string | undefined;
  readonly acceptsPlaintext: boolean;
}

const KEY_BYTES = 32;

/** A copy, so that what is done with the caller's bytes later, such as wiping them, changes nothing here. */
function keyFrom(given: EncryptionKey, option: string): EncryptionKey {
  if (ArrayBuffer.isView(given) && given.byteLength === KEY_BYTES) {
    const { buffer, byteOffset } = given; // its bytes, whatever it is a view of: as items, a DataView has none
    return new Uint8Array(buffer, byteOffset, KEY_BYTES).slice();
  }
  const { algorithm, usages } = Object(given) as Partial<HkdfKey>;
  if (algorithm?.name === 'HKDF' && usages?.includes('deriveKey')) return given;
  throw new TypeError(
    `encrypted: ${option} must be ${KEY_BYTES} bytes, or a CryptoKey for HKDF with the usage deriveKey`,
  );
}

/**
 * Checks the options of `encrypted`.
 *
 * @throws TypeError or RangeError that names the option; {@link ConfigurationError} where there is no WebCrypto
 */
export function readEncryption(options: EncryptionOptions): Encryption {
  const given = Object(options) as EncryptionOptions;
  const { key, previousKeys = [], id, plaintext = 'accept' } = given;
  const { crypto = (globalThis as { crypto?: WebCrypto }).crypto } = given;
  const subtle: WebCrypto['subtle'] | undefined = crypto?.subtle; // none in a page over http
  if (!subtle) {
    throw new ConfigurationError(
      'encrypted: there is no WebCrypto here. Pages have it over https; else, crypto',
    );
  }
  if (!Array.isArray(previousKeys)) throw new TypeError('encrypted: previousKeys must be an array');
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw new TypeError('encrypted: id must be a non-empty string');
  }
  if (!['accept', 'refuse'].includes(plaintext)) {
    throw new RangeError("encrypted: plaintext must be 'accept' or 'refuse'");
  }
  return {
    subtle,
    keys: [
      keyFrom(key, 'key'),
      ...previousKeys.map((each: EncryptionKey, nth) => keyFrom(each, `previousKeys[${nth}]`)),
    ],
    id,
    acceptsPlaintext: plaintext === 'accept',
  };
}
