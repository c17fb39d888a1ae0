import { afterEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, from } from 'rxjs';
import { ANY_VERSION, ConfigurationError, encrypted, type EncryptionOptions, memoryStore } from 'rx-token';
import { keyOf } from '../../helpers/keyOf.js';

const key = keyOf(1);
const held = { access_token: 'A1', refresh_token: 'R1' };
const make = (options: object) => () => encrypted(memoryStore(), options as EncryptionOptions);
const hkdfKey = (usages: ('deriveKey' | 'deriveBits')[] = ['deriveKey'], bytes = key) =>
  crypto.subtle.importKey('raw', bytes, 'HKDF', false, usages);

/** What one writes, the other reads. */
async function agree(one: EncryptionOptions, other: EncryptionOptions): Promise<boolean> {
  const inner = memoryStore();
  await firstValueFrom(from(encrypted(inner, one).write(held, ANY_VERSION)));
  const { credentials } = await firstValueFrom(from(encrypted(inner, other).read()));
  return credentials?.refresh_token === 'R1';
}

describe('the options of encrypted', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a password', 'correct horse battery staple'],
    ['an array', [...key]],
    ['31 bytes', key.slice(1)],
    ['33 bytes', new Uint8Array(33)],
    ['a number', 7],
    ['what only looks like bytes', { byteLength: 32 }],
  ])('take %s for no key', (_what, wrong) => {
    expect(make({ key: wrong })).toThrow(TypeError);
    expect(make({ key: wrong })).toThrow(/encrypted: key must be 32 bytes/);
    expect(make({ key, previousKeys: [key, wrong] })).toThrow(
      /encrypted: previousKeys\[1\] must be 32 bytes/,
    );
  });

  it('take a CryptoKey of another kind for no key, and do not print it', async () => {
    const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', true, ['encrypt', 'decrypt']);
    expect(make({ key: aes })).toThrow(/a CryptoKey for HKDF with the usage deriveKey/);
    expect(make({ key: await hkdfKey(['deriveBits']) })).toThrow(TypeError);
  });

  it('take a CryptoKey that nobody can export, for the same key as its bytes', async () => {
    expect(await agree({ key: await hkdfKey() }, { key })).toBe(true);
    expect(await agree({ key }, { key: await hkdfKey() })).toBe(true);
    await expect(agree({ key }, { key: await hkdfKey(['deriveKey'], keyOf(2)) })).rejects.toThrow(
      /needs the key/,
    );
  });

  it('take a Buffer, and a part of a larger one', async () => {
    const part = new Uint8Array([9, 9, ...key, 9]).subarray(2, 34);
    expect(await agree({ key: Buffer.from(key) }, { key: part })).toBe(true);
  });

  it.each([
    ['a DataView', (bytes: ArrayBuffer) => new DataView(bytes)],
    ['numbers of 32 bits', (bytes: ArrayBuffer) => new Uint32Array(bytes)],
    ['floats', (bytes: ArrayBuffer) => new Float64Array(bytes)],
  ])('take all the bytes of %s', async (_what, viewOf) => {
    const view = viewOf(Uint8Array.from(key).buffer) as unknown as Uint8Array;
    expect(await agree({ key: view }, { key })).toBe(true);
  });

  it('take a copy of the key: its bytes may be wiped', async () => {
    const [inner, wiped] = [memoryStore(), keyOf(1)];
    const store = encrypted(inner, { key: wiped });
    wiped.fill(0);
    await firstValueFrom(from(store.write(held, ANY_VERSION)));
    expect((await firstValueFrom(from(encrypted(inner, { key }).read()))).credentials).toEqual(held);
    await expect(firstValueFrom(from(encrypted(inner, { key: wiped }).read()))).rejects.toThrow(
      /needs the key/,
    );
  });

  it('name what is wrong of the rest', () => {
    expect(make({ key, previousKeys: key })).toThrow('previousKeys must be an array');
    expect(make({ key, previousKeys: null })).toThrow('previousKeys must be an array');
    for (const id of ['', 7, null, {}]) {
      expect(make({ key, id })).toThrow(TypeError);
      expect(make({ key, id })).toThrow('id must be a non-empty string');
    }
    for (const plaintext of ['no', true, null, 'constructor']) {
      expect(make({ key, plaintext })).toThrow(RangeError);
      expect(make({ key, plaintext })).toThrow("plaintext must be 'accept' or 'refuse'");
    }
    expect(() => encrypted({} as never, { key })).toThrow(/store must be a CredentialStore/);
    expect(make({ key, previousKeys: undefined, id: undefined, plaintext: undefined })).not.toThrow();
  });

  it('may bring a WebCrypto of one’s own, which is all that is used', async () => {
    const used = new Set<string>();
    const subtle = new Proxy(crypto.subtle, {
      get(target, name) {
        used.add(name as string);
        return (Reflect.get(target, name) as () => unknown).bind(target);
      },
    });
    expect(await agree({ key, crypto: { subtle } }, { key })).toBe(true);
    expect([...used].sort()).toEqual(['decrypt', 'deriveKey', 'encrypt', 'importKey', 'sign']);
  });

  it('may bring one that fails: it is asked again', async () => {
    let failures = 1;
    const subtle = new Proxy(crypto.subtle, {
      get(target, name) {
        if (name === 'importKey' && failures-- > 0) throw new DOMException('busy', 'OperationError');
        return (Reflect.get(target, name) as () => unknown).bind(target);
      },
    });
    const store = encrypted(memoryStore(), { key, crypto: { subtle } });
    const write = () => firstValueFrom(from(store.write(held, ANY_VERSION)));
    await expect(write()).rejects.toThrow('busy');
    expect(await write()).toMatchObject({ written: true });
  });

  describe('where there is no WebCrypto', () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!;
    afterEach(() => void Object.defineProperty(globalThis, 'crypto', own));

    it.each([undefined, {}])('as in a page over http (%p), say so', (none) => {
      Object.defineProperty(globalThis, 'crypto', { value: none, configurable: true });
      expect(make({ key })).toThrow(ConfigurationError);
      expect(make({ key })).toThrow(/https/);
    });
  });
});
