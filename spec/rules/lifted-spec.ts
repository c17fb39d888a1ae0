import { describe, expect, it } from '@jest/globals';
import { createTokenManager, type Credentials } from 'rx-token';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { codeOf } from '../helpers/diary.js';
import { hours } from '../helpers/inVirtualTime.js';

/** A keychain: promises, and nothing else. */
function pair(initial: unknown = null) {
  const calls: string[] = [];
  const kept = { value: initial };
  return {
    calls,
    kept,
    get: () => {
      calls.push('get');
      return Promise.resolve(kept.value);
    },
    set: (credentials: Credentials | null) => {
      calls.push(credentials ? `set ${credentials.access_token}` : 'set null');
      kept.value = credentials;
      return Promise.resolve();
    },
  };
}

function signedIn() {
  const server = fakeAuthorizationServer({ tokenName: (kind, n) => `${kind[0]!.toUpperCase()}${n}` });
  const { access_token, refresh_token } = server.signIn();
  return { server, expired: { access_token, refresh_token, expires_at: 1 } as Credentials };
}

describe('a { get, set } pair of promises is accepted wherever a store is', () => {
  it('is read, and written after a refresh', async () => {
    const { server, expired } = signedIn();
    const store = pair(expired);
    const tokens = createTokenManager({ store, refresh: server.refresh });

    expect(await tokens.getValidToken()).toBe('A2');
    expect(store.kept.value).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
    expect(store.calls.filter((call) => call.startsWith('set'))).toEqual(['set A2']);
  });

  it('clear() calls set(null)', async () => {
    const { server, expired } = signedIn();
    const store = pair(expired);
    const tokens = createTokenManager({ store, refresh: server.refresh });
    await tokens.clear();

    expect(store.calls).toContain('set null');
    expect(await tokens.getValidToken().catch(codeOf)).toBe('no_credentials');
  });

  it('is one store for all managers of this process that are given it', async () => {
    const { server, expired } = signedIn();
    const store = pair(expired);
    const managers = Array.from({ length: 5 }, () => createTokenManager({ store, refresh: server.refresh }));

    expect(await Promise.all(managers.map((tokens) => tokens.getValidToken()))).toEqual(Array(5).fill('A2'));
    expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
  });

  it('two callers at first load refresh once', async () => {
    const { server, expired } = signedIn();
    const tokens = createTokenManager({ store: pair(expired), refresh: server.refresh });

    expect(await Promise.all([tokens.getValidToken(), tokens.getValidToken({})])).toEqual(['A2', 'A2']);
    expect(server.counters.requests).toBe(1);
  });

  it.each([undefined, null])('takes %p for signed out', async (nothing) => {
    const tokens = createTokenManager({ store: pair(nothing), refresh: () => new Promise(() => undefined) });

    expect(await tokens.peek()).toBeNull();
  });

  it.each(['a string', 7, {}, [], { refresh_token: 'R1' }, { access_token: '' }])(
    'takes %p for corrupt: neither signed out, nor overwritten',
    async (garbage) => {
      const store = pair(garbage);
      const tokens = createTokenManager({ store, refresh: () => new Promise(() => undefined) });

      expect(await tokens.getValidToken().catch(codeOf)).toBe('store_corrupt');
      expect(store.kept.value).toBe(garbage);
      await tokens.set({ access_token: 'B1', expires_in: 3600 });
      expect(await tokens.getValidToken()).toBe('B1');
    },
  );

  it('a get that fails is no sign-out, and is not remembered', async () => {
    const store = pair({ access_token: 'A1', expires_at: Date.now() + hours(1) });
    let failures = 2;
    const flaky = {
      ...store,
      get: () => (failures-- > 0 ? Promise.reject(new Error('locked keychain')) : store.get()),
    };
    const tokens = createTokenManager({ store: flaky, refresh: () => new Promise(() => undefined) });

    expect(await tokens.getValidToken().catch(codeOf)).toBe('store_unreadable');
    expect(await tokens.getValidToken().catch(codeOf)).toBe('store_unreadable');
    expect(await tokens.getValidToken()).toBe('A1');
  });

  it('a pair that throws instead of rejecting is the same to it', async () => {
    const broken = {
      get: (): Promise<unknown> => {
        throw new Error('no');
      },
      set: (): Promise<unknown> => {
        throw new Error('no');
      },
    };
    const tokens = createTokenManager({ store: broken, refresh: () => new Promise(() => undefined) });

    expect(await tokens.getValidToken().catch(codeOf)).toBe('store_unreadable');
    expect(await tokens.set({ access_token: 'A' }).catch(codeOf)).toBe('store_unwritable');
  });

  it('that answers differently each time it is read is not written to for ever', async () => {
    const { server, expired } = signedIn();
    const store = pair(expired);
    let reads = 0;
    const get = async () => ({ ...(await (store.get() as Promise<object>)), read_at: ++reads });
    const tokens = createTokenManager({ store: { ...store, get }, refresh: server.refresh });

    expect(await tokens.getValidToken()).toBe('A2'); // from memory, as where a store cannot be written
    await expect(tokens.invalidate('A2')).resolves.toBeUndefined();
    expect(reads).toBeLessThan(50);
    tokens.dispose();
    await tokens[Symbol.asyncDispose]();
  });
});
