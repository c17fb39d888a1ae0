import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { concat, firstValueFrom, from, lastValueFrom, NEVER, of, type ObservableInput } from 'rxjs';
import {
  ANY_VERSION,
  type Credentials,
  type CredentialStore,
  encrypted,
  type EncryptionOptions,
  memoryStore,
  StoreError,
  type Version,
} from 'rx-token';
import { codeOf } from '../../helpers/diary.js';
import { keyOf } from '../../helpers/keyOf.js';
import { snapshotIn, storedIn } from '../../helpers/stored.js';

const once = <T>(input: ObservableInput<T>): Promise<T> => firstValueFrom(from(input));
const read = (store: CredentialStore) => once(store.read());
const write = (store: CredentialStore, next: Credentials | null, expected: Version = ANY_VERSION) =>
  once(store.write(next, expected));

const key = keyOf(1);
const held: Credentials = {
  access_token: 'access-canary',
  refresh_token: 'refresh-canary',
  id_token: 'id-canary',
  scope: 'scope-canary',
  expires_at: 2_000_000_000_000,
};

/** A store in memory with these credentials in it, encrypted; and what it is encrypted in. */
async function given(options: Partial<EncryptionOptions> = {}, credentials: Credentials = held) {
  const inner = memoryStore();
  const store = encrypted(inner, { key, ...options });
  await write(store, credentials);
  return { inner, store };
}

/** The same with another key, or other options. */
const reopened = (inner: CredentialStore, options: EncryptionOptions) => encrypted(inner, options);
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => error,
  );

/** Does something under the lock, as a refresh does. */
async function underLock(
  store: CredentialStore,
  work: (lease: Parameters<Parameters<CredentialStore['lock']['hold']>[0]>[0]) => ObservableInput<unknown>,
): Promise<void> {
  await lastValueFrom(
    store.lock.hold((lease) => concat(from(work(lease)), of(null))),
    { defaultValue: null },
  );
}

describe('encrypted', () => {
  it('gives back what was written', async () => {
    const { store } = await given();
    const { credentials } = await read(store);
    expect(credentials).toEqual(held);
    expect(Object.isFrozen(credentials)).toBe(true);
    expect(inspect(credentials)).not.toMatch(/(access|refresh|id)-canary/);
  });

  it('leaves nothing of it to read in the store, in its version, or in what is printed', async () => {
    const { inner, store } = await given();
    const said = [
      JSON.stringify(storedIn(inner)),
      snapshotIn(inner).version,
      inspect(store, { depth: 9, showHidden: true }),
    ].join();
    expect(said).not.toMatch(/canary|2000000000000/);
    expect(said).not.toContain(key.join(', '));
    expect(said).not.toContain(Buffer.from(key).toString('base64url'));
  });

  it('stores a name for each token, and all the rest in one field', async () => {
    const { inner } = await given();
    expect(storedIn(inner)).toEqual({
      access_token: expect.stringMatching(/^encrypted:[\w-]{22}$/),
      refresh_token: expect.stringMatching(/^encrypted:[\w-]{22}$/),
      encrypted: expect.stringMatching(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/),
    });
    expect(storedIn(inner)!.access_token).not.toBe(storedIn(inner)!.refresh_token);
  });

  it('stores no name for a refresh token where there is none', async () => {
    const { inner, store } = await given({}, { access_token: 'alone' });
    expect(Object.keys(storedIn(inner)!).sort()).toEqual(['access_token', 'encrypted']);
    expect((await read(store)).credentials).toEqual({ access_token: 'alone' });
  });

  it('is the same text for the same content, and no vector serves two', async () => {
    const { inner, store } = await given();
    const first = storedIn(inner)!['encrypted'] as string;
    const ivOf = (text: string) => text.split('.')[2];
    await write(store, { ...held, scope: 'another' });
    const other = storedIn(inner)!['encrypted'] as string;
    expect(ivOf(other)).not.toBe(ivOf(first));
    await write(store, held);
    expect(storedIn(inner)!['encrypted']).toBe(first);
    // not under another name either: what it is bound to counts, too
    const { inner: elsewhere } = await given({ id: 'bob' });
    expect(ivOf(storedIn(elsewhere)!['encrypted'] as string)).not.toBe(ivOf(first));
  });

  it('encrypts any text', async () => {
    const strange = { access_token: 'Zoë 🦉 \u0000', refresh_token: '"', note: ' \n'.repeat(100_000) };
    const { store } = await given({}, strange);
    expect((await read(store)).credentials).toEqual(strange);
  });

  it('signs out, and says so', async () => {
    const { inner, store } = await given();
    const { written, snapshot } = await write(store, null);
    expect([written, snapshot.credentials, storedIn(inner)]).toEqual([true, null, null]);
  });

  it('refuses what is no credentials, and writes nothing', async () => {
    const { inner, store } = await given();
    const before = storedIn(inner);
    for (const wrong of [{}, { access_token: ' ' }, 7]) {
      expect(await failure(write(store, wrong as never))).toBeInstanceOf(TypeError);
    }
    expect(storedIn(inner)).toBe(before);
  });

  it('does nothing until it is subscribed to', async () => {
    const touched: string[] = [];
    const inner = memoryStore();
    const store = encrypted(
      {
        ...inner,
        read: () => (touched.push('read'), inner.read()),
        write: (...args) => (touched.push('write'), inner.write(...args)),
      },
      { key },
    );
    const writing = [store.write(held, ANY_VERSION), store.write(held, 'another'), store.write(null, '-')];
    store.read();
    expect(touched).toEqual([]);
    for (const one of writing) await once(one);
    expect(touched).toEqual(['write', 'read', 'write']);
  });

  it('passes on the lock, its lease, its holder and the hints of the store', async () => {
    const inner = memoryStore();
    const signal = new AbortController().signal;
    const lossy: CredentialStore = {
      ...inner,
      changes$: NEVER,
      lock: {
        lossy: true,
        leaseMs: 60_000,
        hold: (critical) =>
          inner.lock.hold((lease) => critical({ ...lease, signal, remainingMs: () => 4_321 })),
        holder: () => of({ by: 'machine 7', since: 5 }),
      },
    };
    const store = encrypted(lossy, { key });
    expect(store.changes$).toBe(NEVER);
    expect(store.lock).toMatchObject({ lossy: true, leaseMs: 60_000 });
    expect(await once(store.lock.holder!())).toEqual({ by: 'machine 7', since: 5 });
    await underLock(store, (lease) =>
      of(expect([lease.signal, lease.remainingMs()]).toEqual([signal, 4_321])),
    );
    expect(await once(encrypted(inner, { key }).lock.holder!())).toBeNull();
  });
});

describe('what other tools put beside it', () => {
  it('stays when another token is written, and is not shown', async () => {
    const { inner, store } = await given();
    await write(inner, { ...storedIn(inner)!, note: 'mine', tags: [1] });
    const { version, credentials } = await read(store);
    expect(credentials).toEqual(held);
    const next = { ...held, access_token: 'another' };
    expect((await write(store, next, version)).written).toBe(true);
    expect(storedIn(inner)).toMatchObject({ note: 'mine', tags: [1] });
    expect((await read(store)).credentials).toEqual(next);
  });

  it('goes with a sign-in, as in plain text', async () => {
    const { inner, store } = await given();
    await write(inner, { ...storedIn(inner)!, note: 'mine' });
    await write(store, held);
    expect(storedIn(inner)).not.toHaveProperty('note');
  });

  it('changes the version, so that nobody writes over it unseen', async () => {
    const { inner, store } = await given();
    const { version } = await read(store);
    await write(inner, { ...storedIn(inner)!, note: 'mine' });
    const { written, snapshot } = await write(store, { ...held, access_token: 'another' }, version);
    expect([written, snapshot.credentials]).toEqual([false, held]);
    expect(snapshot.version).toBe(snapshotIn(inner).version);
  });
});

describe('a key that is replaced', () => {
  const next = keyOf(2);
  const kidIn = (inner: CredentialStore) => (storedIn(inner)!['encrypted'] as string).split('.')[1];

  it('is still read with, and the next write is with the new one', async () => {
    const { inner } = await given();
    const [formerKid, formerName] = [kidIn(inner), storedIn(inner)!.access_token];
    const store = reopened(inner, { key: next, previousKeys: [keyOf(3), key] });
    const { credentials, version } = await read(store);
    expect(credentials).toEqual(held);
    expect(kidIn(inner)).toBe(formerKid);

    const refreshed = { ...held, access_token: 'another' };
    await write(store, refreshed, version);
    expect(kidIn(inner)).not.toBe(formerKid);
    expect((await read(reopened(inner, { key: next }))).credentials).toEqual(refreshed);
    expect(storedIn(inner)!.access_token).not.toBe(formerName);
  });

  it('leaves the name of a token that stays, for what was noted of it', async () => {
    const { inner, store: former } = await given();
    const store = reopened(inner, { key: next, previousKeys: [key] });
    const { version } = await read(former);
    await underLock(former, (lease) => lease.prepare(held, version, 5, 9));
    await write(store, { ...held, expires_at: 0 }, version); // an invalidate() by who has the new key
    expect(kidIn(inner)).not.toBe(kidIn((await given()).inner));
    expect((await read(store)).pending).toMatchObject({ sentAt: 5, until: 9 });

    await underLock(store, (lease) => lease.condemn({ ...held, expires_at: 0 }));
    expect((await read(reopened(inner, { key: next }))).dead).toBe(true);
    await write(store, { ...held, refresh_token: 'another' }, (await read(store)).version);
    expect(await read(store)).not.toMatchObject({ dead: true });
  });

  it('leaves the name of a refresh token that outlives many access tokens', async () => {
    const { inner, store: former } = await given();
    await underLock(former, (lease) => lease.condemn(held));
    const store = reopened(inner, { key: next, previousKeys: [key] });
    await write(store, { ...held, access_token: 'another' }, (await read(store)).version);
    expect((await read(reopened(inner, { key: next }))).dead).toBe(true);
  });

  it('is noted by that name, also by who still holds an earlier access token', async () => {
    const { inner } = await given();
    const store = reopened(inner, { key: next, previousKeys: [key] });
    await write(store, { ...held, access_token: 'another' }, (await read(store)).version);
    await underLock(reopened(inner, { key: next }), (lease) => lease.condemn(held));
    expect((await read(store)).dead).toBe(true);
  });

  it('is missed, by its id, where it is neither', async () => {
    const { inner } = await given();
    const error = (await failure(read(reopened(inner, { key: next })))) as StoreError;
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('store_corrupt');
    expect(error.message).toContain(kidIn(inner));
    expect(error.message).toMatch(/neither key nor previousKeys/);
  });
});

describe('a record that cannot be decrypted', () => {
  const flip = (text: string, at: number) => {
    const index = at < 0 ? text.length + at : at;
    return text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
  };
  const changes: [string, (stored: Record<string, string>) => object][] = [
    ['ciphertext', (stored) => ({ encrypted: flip(stored['encrypted']!, -9) })],
    ['vector', (stored) => ({ encrypted: flip(stored['encrypted']!, 14) })],
    ['key id', (stored) => ({ encrypted: flip(stored['encrypted']!, 4) })],
    ['format', (stored) => ({ encrypted: stored['encrypted']!.replace('v1', 'v2') })],
    ['length', (stored) => ({ encrypted: stored['encrypted']!.slice(0, 40) })],
    ['alphabet', (stored) => ({ encrypted: `${stored['encrypted']}=` })],
    ['padding', (stored) => ({ encrypted: `${stored['encrypted']!}A` })],
    ['access token', () => ({ access_token: 'encrypted:another' })],
    ['access token, for one in plain text', () => ({ access_token: 'planted' })],
    ['refresh token', (stored) => ({ refresh_token: stored['access_token'] })],
    ['refresh token, which has gone', () => ({ refresh_token: undefined })],
    ['field, which has gone', () => ({ encrypted: undefined })],
    ['field, which is no text', () => ({ encrypted: 7 })],
  ];

  it.each(changes)('because somebody has changed its %s, is corrupt', async (_what, change) => {
    const { inner, store } = await given();
    await write(inner, { ...storedIn(inner)!, ...change(storedIn(inner) as never) });
    const error = (await failure(read(store))) as StoreError;
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('store_corrupt');
    expect(error.message).toContain('set() replaces it');
    expect(inspect(error)).not.toMatch(/canary|planted/);
    expect(error.cause).toBeUndefined();
  });

  it('stays as it is until a sign-in replaces it', async () => {
    const { inner, store } = await given();
    await write(inner, { ...storedIn(inner)!, encrypted: 'v1.damaged' });
    const damaged = snapshotIn(inner);
    expect(codeOf(await failure(read(store)))).toBe('store_corrupt');
    expect(codeOf(await failure(write(store, held, damaged.version)))).toBe('store_corrupt');
    expect(codeOf(await failure(underLock(store, (lease) => lease.prepare(held, '', 1, 2))))).toBe(
      'store_corrupt',
    );
    expect(snapshotIn(inner)).toEqual(damaged);
    expect((await write(store, held)).written).toBe(true);
    expect((await read(store)).credentials).toEqual(held);
  });

  it.each<[string, Partial<EncryptionOptions>, Partial<EncryptionOptions>]>([
    ['another', { id: 'alice' }, { id: 'bob' }],
    ['nobody in particular', { id: 'alice' }, {}],
    ['somebody after all', {}, { id: 'alice' }],
  ])('because it is read as that of %s, says where to look', async (_who, written, reading) => {
    const { inner } = await given(written);
    const error = (await failure(read(reopened(inner, { key, ...reading })))) as StoreError;
    expect(error.code).toBe('store_corrupt');
    expect(error.message).toMatch(/the option id/);
    expect((await read(reopened(inner, { key, ...written }))).credentials).toEqual(held);
  });

  it('is not made of two that can', async () => {
    const [one, other] = [await given(), await given({}, { ...held, access_token: 'another' })];
    await write(one.inner, { ...storedIn(one.inner)!, encrypted: storedIn(other.inner)!['encrypted'] });
    expect(codeOf(await failure(read(one.store)))).toBe('store_corrupt');
  });
});

describe('a record in plain text', () => {
  it('is read as it is, and encrypted by the next refresh', async () => {
    const inner = memoryStore(held);
    const store = encrypted(inner, { key });
    const { credentials, version } = await read(store);
    expect(credentials).toEqual(held);
    expect(storedIn(inner)).toEqual(held);
    const next = { ...held, access_token: 'another-canary' };
    await write(store, next, version);
    expect(JSON.stringify(storedIn(inner))).not.toContain('canary');
    expect((await read(store)).credentials).toEqual(next);
  });

  it('is encrypted by a sign-in, though with the same tokens', async () => {
    const inner = memoryStore(held);
    const store = encrypted(inner, { key });
    await write(store, held);
    expect(JSON.stringify(storedIn(inner))).not.toContain('canary');
  });

  it('keeps what was noted of its tokens as long as they stay', async () => {
    const inner = memoryStore(held);
    await underLock(inner, (lease) => concat(lease.prepare(held, '', 5, 9), lease.condemn(held)));
    const store = encrypted(inner, { key });
    const { version } = await read(store);
    expect((await write(store, { ...held, expires_at: 0 }, version)).written).toBe(true);
    expect(await read(store)).toMatchObject({ dead: true, pending: { sentAt: 5 } });

    await underLock(store, (lease) => lease.acquit());
    await underLock(store, (lease) => lease.prepare({ ...held, expires_at: 0 }, '', 6, 10));
    expect(snapshotIn(inner).pending).toMatchObject({ sentAt: 6 });
  });

  it('may have a field that is called the same', async () => {
    const inner = memoryStore({ ...held, encrypted: 'yes' });
    const store = encrypted(inner, { key });
    expect((await read(store)).credentials).toEqual({ ...held, encrypted: 'yes' });
    const next = { ...held, access_token: 'another', encrypted: 'yes' };
    await write(store, next, (await read(store)).version);
    expect((await read(store)).credentials).toEqual(next);
  });

  it("is refused with plaintext: 'refuse', and replaced by a sign-in", async () => {
    const inner = memoryStore(held);
    const store = encrypted(inner, { key, plaintext: 'refuse' });
    const error = (await failure(read(store))) as StoreError;
    expect(error.code).toBe('store_corrupt');
    expect(error.message).toContain("the option plaintext is 'refuse'");
    expect(storedIn(inner)).toEqual(held);
    await write(store, held);
    expect((await read(store)).credentials).toEqual(held);
  });
});
