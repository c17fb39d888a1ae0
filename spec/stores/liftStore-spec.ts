import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, from } from 'rxjs';
import { ANY_VERSION } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { StoreError } from '../../src/errors.js';
import { liftStore } from '../../src/stores/liftStore.js';

const held = { access_token: 'A1', refresh_token: 'R1' };

/** A pair over text, as a keychain is. */
function keychain(text: string | null = null) {
  const kept = { text };
  return {
    kept,
    get: () => Promise.resolve(kept.text === null ? null : (JSON.parse(kept.text) as unknown)),
    set: (credentials: Credentials | null) => {
      kept.text = credentials && JSON.stringify(credentials);
      return Promise.resolve();
    },
  };
}
const read = (pair: ReturnType<typeof keychain>) => firstValueFrom(from(liftStore(pair).read()));

describe('liftStore', () => {
  it('reads and writes through the pair', async () => {
    const pair = keychain(JSON.stringify(held));
    const found = await read(pair);
    expect(found.credentials).toEqual(held);
    expect(Object.isFrozen(found.credentials)).toBe(true);

    const next = { ...held, access_token: 'A2' };
    const result = await firstValueFrom(from(liftStore(pair).write(next, found.version)));
    expect(result).toMatchObject({ written: true, snapshot: { credentials: next } });
    expect(JSON.parse(pair.kept.text!)).toEqual(next);
    expect((await read(pair)).version).toBe(result.snapshot.version);
  });

  it('signs out with null', async () => {
    const pair = keychain(JSON.stringify(held));
    await firstValueFrom(from(liftStore(pair).write(null, ANY_VERSION)));
    expect(pair.kept.text).toBeNull();
    expect((await read(pair)).credentials).toBeNull();
  });

  it('calls the pair with what it is', async () => {
    const pair = {
      kept: held as Credentials | null,
      get() {
        return Promise.resolve(this.kept);
      },
      set(next: Credentials | null) {
        this.kept = next;
        return Promise.resolve();
      },
    };
    await firstValueFrom(from(liftStore(pair).write(null, ANY_VERSION)));
    expect((await firstValueFrom(from(liftStore(pair).read()))).credentials).toBeNull();
  });

  it('takes undefined for nobody', async () => {
    const pair = { ...keychain(), get: () => Promise.resolve(undefined) };
    expect((await read(pair)).credentials).toBeNull();
  });

  it('is one store for each pair', () => {
    const pair = keychain();
    expect(liftStore(pair)).toBe(liftStore(pair));
    expect(liftStore({ ...pair })).not.toBe(liftStore(pair));
  });

  it.each([{}, { access_token: '' }, 'A1', 7])(
    'does not take %j for credentials, nor for nobody',
    async (value) => {
      const pair = { ...keychain(), get: () => Promise.resolve(value) };
      const error = await read(pair).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ code: 'store_corrupt' });
    },
  );

  it.each<[string, () => never]>([
    ['rejects', () => Promise.reject(new Error('locked')) as never],
    [
      'throws',
      () => {
        throw new Error('locked');
      },
    ],
  ])('fails as a pair that %s, and is ready again', async (_how, fails) => {
    const pair = { ...keychain(JSON.stringify(held)), set: fails };
    await expect(firstValueFrom(from(liftStore(pair).write(null, ANY_VERSION)))).rejects.toThrow('locked');
    expect((await read(pair)).credentials).toEqual(held);
    await expect(read({ ...pair, get: fails })).rejects.toThrow('locked');
  });

  it('writes one after the other', async () => {
    const log: string[] = [];
    const pair = {
      get: () => Promise.resolve(null),
      set: async (next: Credentials | null) => {
        log.push(`begin ${next?.access_token}`);
        await Promise.resolve();
        log.push(`end ${next?.access_token}`);
      },
    };
    const store = liftStore(pair);
    const writes = ['A1', 'A2'].map((access_token) =>
      firstValueFrom(from(store.write({ access_token }, ANY_VERSION))),
    );
    await Promise.all(writes);
    expect(log).toEqual(['begin A1', 'end A1', 'begin A2', 'end A2']);
  });
});
