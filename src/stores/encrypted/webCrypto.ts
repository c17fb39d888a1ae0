/** A `CryptoKey`, as far as it is looked at; of WebCrypto's types each platform has its own. */
export interface HkdfKey {
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** What is used of `globalThis.crypto`: Node's, a browser's, or another of that shape. */
export interface WebCrypto {
  readonly subtle: {
    importKey(format: 'raw', key: Bytes, algorithm: 'HKDF', extractable: false, usages: ['deriveKey']): Made;
    deriveKey(how: Hkdf, from: never, to: KeyKind, extractable: false, usages: KeyUse[]): Made;
    sign(how: 'HMAC', key: never, text: Bytes): PromiseLike<ArrayBuffer>;
    encrypt(how: AesGcm, key: never, text: Bytes): PromiseLike<ArrayBuffer>;
    decrypt(how: AesGcm, key: never, sealed: Bytes): PromiseLike<ArrayBuffer>;
  };
}

type Bytes = Uint8Array<ArrayBuffer>;
type Made = PromiseLike<unknown>;
export type KeyKind =
  | { readonly name: 'AES-GCM'; readonly length: 256 }
  | { readonly name: 'HMAC'; readonly hash: 'SHA-256'; readonly length: 256 };
export type KeyUse = 'sign' | 'encrypt' | 'decrypt';

interface Hkdf {
  readonly name: 'HKDF';
  readonly hash: 'SHA-256';
  readonly salt: Bytes;
  readonly info: Bytes;
}

interface AesGcm {
  readonly name: 'AES-GCM';
  readonly iv: Bytes;
  readonly additionalData: Bytes;
}
