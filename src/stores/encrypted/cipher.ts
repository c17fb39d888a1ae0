import { fromBase64url, toBase64url } from './base64url.js';
import type { EncryptionKey } from './readEncryption.js';
import type { KeyKind, KeyUse, WebCrypto } from './webCrypto.js';

/** All that is done with one key. */
export interface Cipher {
  /** Names the key, and tells nothing of it: 48 bits of an HMAC under it. */
  readonly kid: string;
  /** Names a text by 128 bits of an HMAC: the same each time, and of no use to who has not the key. */
  name(...text: readonly string[]): Promise<string>;
  /** `<iv>.<ciphertext>` of a text, the same each time; opens only beside the same `bound`. */
  seal(text: string, bound: string): Promise<string>;
  /** @throws where it was made with another key, beside something else, or changed since */
  open(sealed: string, bound: string): Promise<string>;
}

const KID_BYTES = 6;
const NAME_BYTES = 16;
/** NIST SP 800-38D §5.2.1.1: 96 bits. */
const IV_BYTES = 12;

/** Made when it is needed: the root entry is imported where there is none, too. */
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/**
 * AES-GCM with 256 bits, and HMAC-SHA256, each with a key of its own (HKDF, RFC 5869).
 *
 * The initialization vector is not random but an HMAC of all that is encrypted and bound, as in SIV (RFC 5297):
 * equal records look equal, which the version of a store is made of, and one vector never serves two texts.
 */
export async function cipherFrom(subtle: WebCrypto['subtle'], key: EncryptionKey): Promise<Cipher> {
  const master = ArrayBuffer.isView(key)
    ? await subtle.importKey('raw', key as Uint8Array<ArrayBuffer>, 'HKDF', false, ['deriveKey'])
    : key;
  const derived = (purpose: string, kind: KeyKind, uses: KeyUse[]) =>
    subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytesOf(`rx-token ${purpose}`) },
      master as never,
      kind,
      false,
      uses,
    ) as PromiseLike<never>;
  const naming = await derived('names', { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign']);
  const sealing = await derived('records', { name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']);

  /** The list is one text in JSON, so that no two lists are. */
  async function mac(bytes: number, ...text: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    const signed = await subtle.sign('HMAC', naming, bytesOf(JSON.stringify(text)));
    return new Uint8Array(signed, 0, bytes);
  }
  const bind = (iv: Uint8Array<ArrayBuffer>, bound: string) =>
    ({ name: 'AES-GCM', iv, additionalData: bytesOf(bound) }) as const;

  return {
    kid: toBase64url(await mac(KID_BYTES, 'key')),
    name: async (...text) => toBase64url(await mac(NAME_BYTES, 'name', ...text)),
    async seal(text, bound) {
      const iv = await mac(IV_BYTES, 'iv', text, bound);
      const sealed = await subtle.encrypt(bind(iv, bound), sealing, bytesOf(text));
      return `${toBase64url(iv)}.${toBase64url(new Uint8Array(sealed))}`;
    },
    async open(sealed, bound) {
      const [iv, ciphertext] = sealed.split('.').map(fromBase64url);
      if (!iv || !ciphertext) throw new TypeError('no iv.ciphertext');
      return new TextDecoder().decode(await subtle.decrypt(bind(iv, bound), sealing, ciphertext));
    },
  };
}
