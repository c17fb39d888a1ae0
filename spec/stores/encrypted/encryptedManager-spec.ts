import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, Subject } from 'rxjs';
import {
  type Credentials,
  createTokenManager,
  encrypted,
  memoryStore,
  type RefreshRejectedError,
  type TokenManagerConfig,
} from 'rx-token';
import { fileStore } from 'rx-token/node';
import { type FakeAuthorizationServer, fakeAuthorizationServer } from 'rx-token/testing';
import { codeOf } from '../../helpers/diary.js';
import { keyOf } from '../../helpers/keyOf.js';
import { spawnActor } from '../../helpers/spawnActor.js';
import { tempFolder } from '../../helpers/tempFolder.js';
import { until } from '../../helpers/until.js';

const canaries = (kind: string, count: number) => `${kind}-canary-${count}`;
const strict = () => fakeAuthorizationServer({ tokenName: canaries, rotation: 'strict' });
const stillValid = () => Date.now() + 3_600_000;

/** Everything that lies in a folder. */
const dumpOf = (folder: string): string =>
  readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');

/** A manager over an encrypted file, as another process would have one. */
function managerOf(
  path: string,
  server: FakeAuthorizationServer,
  { nth = 1, ...config }: Partial<TokenManagerConfig> & { readonly nth?: number } = {},
) {
  const store = encrypted(fileStore(path, { restatMs: 50 }), { key: keyOf(nth), id: 'alice' });
  return createTokenManager({ store, refresh: server.refresh, ...config });
}

const dueCredentials = (server: FakeAuthorizationServer, expires_at = 1): Credentials => {
  const { access_token, refresh_token } = server.signIn();
  return { access_token, refresh_token: refresh_token!, expires_at };
};

describe('a manager over an encrypted file', () => {
  it('refreshes, and leaves no token anywhere in the folder', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const tokens = managerOf(join(folder, 'tokens.json'), server);
    await tokens.set(dueCredentials(server));
    expect(await tokens.getValidToken()).toBe('access-canary-2');
    await tokens.invalidate();
    expect(await tokens.getValidToken()).toBe('access-canary-3');
    expect(readdirSync(folder)).toContain('tokens.json.lock'); // with the journal in it
    expect(dumpOf(folder)).not.toContain('canary');
    expect(server.counters.reuses).toBe(0);
    tokens.dispose();
  });

  it('is heard by its siblings, who adopt', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    const [one, other] = [managerOf(path, server), managerOf(path, server)];
    await one.set(dueCredentials(server));
    const seen: string[] = [];
    const subscription = other.token$.subscribe((token) => seen.push(token));
    await until(() => seen.includes('access-canary-2'), 20_000);
    expect(await one.getValidToken()).toBe('access-canary-2');
    expect(server.counters.requests).toBe(1);
    subscription.unsubscribe();
    one.dispose();
    other.dispose();
  });

  it('refreshes once for ten managers with two keys between them', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    await managerOf(path, server).set(dueCredentials(server));
    const managers = Array.from({ length: 10 }, (_, n) => {
      const keys = [keyOf(1), keyOf(2)];
      const [key, former] = n % 2 ? keys : keys.reverse();
      const store = encrypted(fileStore(path), { key: key!, previousKeys: [former!], id: 'alice' });
      return createTokenManager({ store, refresh: server.refresh });
    });
    const served = await Promise.all(managers.map((tokens) => tokens.getValidToken()));
    expect(new Set(served)).toEqual(new Set(['access-canary-2']));
    expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
    managers.forEach((tokens) => tokens.dispose());
  });

  it('tells of a rotation that was lost with a process that was killed', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    const held = dueCredentials(server);
    await managerOf(path, server).set(held);

    const actor = await spawnActor('spec/stores/encrypted/encryptedActor.ts', { args: [path] });
    const sent = actor.told<number>('sent');
    actor.call('ask').catch(() => undefined);
    const sentAt = await sent;
    await firstValueFrom(server.refresh(held)); // its request arrives, and rotates
    await actor.kill();
    expect(dumpOf(folder)).not.toContain('canary');

    // Another process, which has another key by now.
    const store = encrypted(fileStore(path), { key: keyOf(2), previousKeys: [keyOf(1)], id: 'alice' });
    const tokens = createTokenManager({ store, refresh: server.refresh });
    const error = (await tokens.getValidToken().catch((e: unknown) => e)) as RefreshRejectedError;
    expect(error.code).toBe('rotation_lost');
    expect(Math.abs(error.lostAt! - sentAt)).toBeLessThan(10_000);
    tokens.dispose();
  });

  it('knows a dead refresh token again, until a sign-in', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    const held = dueCredentials(server);
    const one = managerOf(path, server);
    await one.set(held);
    server.revoke(held.refresh_token!);
    expect(await one.getValidToken().catch(codeOf)).toBe('refresh_rejected');
    one.dispose();
    const asked = server.counters.requests;

    const other = managerOf(path, server);
    expect(await other.getValidToken().catch(codeOf)).toBe('refresh_rejected');
    expect(server.counters.requests).toBe(asked);
    await other.set(dueCredentials(server, stillValid()));
    expect(await other.getValidToken()).toBe('access-canary-2');
    await other.invalidate();
    expect(await other.getValidToken()).toBe('access-canary-3');
    other.dispose();
  });

  it('takes a file in plain text over, and encrypts it with the first refresh', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    const plain = createTokenManager({ store: fileStore(path), refresh: server.refresh });
    await plain.set(dueCredentials(server));
    plain.dispose();
    expect(dumpOf(folder)).toContain('canary');

    const tokens = managerOf(path, server);
    expect(await tokens.getValidToken()).toBe('access-canary-2');
    expect(dumpOf(folder)).not.toContain('canary');
    expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
    tokens.dispose();
  });

  it('says store_corrupt with another key, overwrites nothing, and signs in all the same', async () => {
    const [folder, server] = [tempFolder(), strict()];
    const path = join(folder, 'tokens.json');
    await managerOf(path, server).set(dueCredentials(server));
    const before = readFileSync(path, 'utf8');

    const tokens = managerOf(path, server, { nth: 2, maxWaitMs: 0 });
    expect(await tokens.getValidToken().catch(codeOf)).toBe('store_corrupt');
    expect(readFileSync(path, 'utf8')).toBe(before);
    await tokens.set(dueCredentials(server, stillValid()));
    expect(await tokens.getValidToken()).toBe('access-canary-2');
    tokens.dispose();
  });
});

describe('while a key is being replaced', () => {
  it('a process that has the former one only keeps no lock from the others, and brings nothing over', async () => {
    const shared = memoryStore();
    const [former, next] = [keyOf(1), keyOf(2)];
    const answer$ = new Subject<object>();
    const old = createTokenManager({
      store: encrypted(shared, { key: former }),
      refresh: () => answer$,
    });
    const young = createTokenManager({
      store: encrypted(shared, { key: next, previousKeys: [former] }),
      refresh: () => ({ access_token: 'bob-2', refresh_token: 'bob-r2', expires_in: 3600 }),
      lockTimeoutMs: 2_000,
    });
    await old.set({ access_token: 'alice-1', refresh_token: 'alice-r1', expires_at: 1 });
    const token = old.getValidToken();
    await until(() => answer$.observed);
    await young.set({ access_token: 'bob-1', refresh_token: 'bob-r1', expires_at: 1 });
    answer$.next({ access_token: 'alice-2', refresh_token: 'alice-r2', expires_in: 3600 });

    expect(await token.catch(codeOf)).toBe('store_corrupt');
    expect(await young.getValidToken()).toBe('bob-2');
    old.dispose();
    young.dispose();
  });
});
