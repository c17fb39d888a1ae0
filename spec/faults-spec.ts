import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createTokenManager, type Credentials, memoryStore, type TokenManagerConfig } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { codeOf } from './helpers/diary.js';
import { hours, inVirtualTime, minutes, seconds } from './helpers/inVirtualTime.js';
import { failing, faultyStore } from './helpers/faultyStore.js';
import { runScript } from './helpers/runScript.js';
import { storedIn } from './helpers/stored.js';
import { tempFolder } from './helpers/tempFolder.js';

const named = (kind: string, count: number) => `${kind === 'access' ? 'A' : 'R'}${count}`;
const expired = { access_token: 'A1', refresh_token: 'R1', expires_at: 1 };

/** A server that knows R1, and a file that holds it. */
function signedIn(record: Record<string, unknown> = expired) {
  const server = fakeAuthorizationServer({ tokenName: named });
  server.signIn();
  const file = join(tempFolder(), 'credentials.json');
  writeFileSync(file, JSON.stringify(record));
  return { server, file, stored: () => JSON.parse(readFileSync(file, 'utf8')) as Credentials };
}

describe('impossible here, though proved in the nearest peer:', () => {
  it('two processes on one file and the second sends the spent token', async () => {
    const { server, file } = signedIn();
    const { url, close } = await server.listen();
    const script = `
      import { createTokenManager } from 'rx-token';
      import { fileStore } from 'rx-token/node';
      import { refreshOverHttp } from 'rx-token/testing';
      const tokens = createTokenManager({ store: fileStore(process.env.FILE), refresh: refreshOverHttp(process.env.URL) });
      console.log(await tokens.getValidToken());
    `;
    try {
      const ended = await Promise.all([1, 2].map(() => runScript(script, { env: { FILE: file, URL: url } })));

      expect(ended.map(({ stdout }) => stdout.trim())).toEqual(['A2', 'A2']);
      expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
    } finally {
      await close();
    }
  });

  it('two callers at first load refresh twice', async () => {
    const { server, file } = signedIn();
    const tokens = createTokenManager({ store: fileStore(file), refresh: server.refresh });
    const callers = [
      tokens.getValidToken(),
      tokens.getValidToken({}),
      tokens.getCredentials(),
      tokens.renew('A1'),
    ];
    await Promise.all(callers);
    tokens.dispose();

    expect(server.counters.requests).toBe(1);
  });

  it(
    'a response with only `expires_in` never refreshes',
    inVirtualTime(
      ({ manager, server, at }) => {
        at(5, () => void manager.set({ access_token: 'A1', refresh_token: 'R1', expires_in: 3600 }));
        at(6, () => manager.token$.subscribe());
        return () => expect(server.log.map(({ at }) => at)).toEqual([minutes(59) + 5]);
      },
      { untilMs: hours(1.5) },
    ),
  );

  it(
    'a failed save loses the rotated token',
    inVirtualTime(
      ({ manager, server, store, at }) => {
        const served: Promise<string>[] = [];
        at(hours(2), () => served.push(manager.getValidToken()));
        return async () => {
          expect(await served[0]).toBe('A2');
          expect(storedIn(store)?.refresh_token).toBe('R2');
          expect([...server.presented]).toEqual([['R1', 1]]);
        };
      },
      {
        manager: ({ store }) => ({ store: faultyStore(store, failing('write', 3)) }),
        untilMs: hours(2) + minutes(2),
      },
    ),
  );

  it(
    'five late 401s for one dead token cause five refreshes',
    inVirtualTime(
      ({ manager, server, at }) => {
        for (let n = 0; n < 5; n++) at(minutes(10) + seconds(n), () => void manager.renew('A1'));
        return () => expect(server.counters.requests).toBe(1);
      },
      { untilMs: minutes(20) },
    ),
  );

  it('`invalidate()` before the first load is ignored', async () => {
    const { server, file, stored } = signedIn({ ...expired, expires_at: Date.now() + hours(1) });
    const tokens = createTokenManager({ store: fileStore(file), refresh: server.refresh });
    await tokens.invalidate();

    expect(stored()).toMatchObject({ access_token: 'A1', expires_at: 0 });
    expect(await tokens.getValidToken()).toBe('A2');
    tokens.dispose();
  });

  it(
    'a failure inside the skew window rejects a token good for 55 s',
    inVirtualTime(({ manager, server, expectObservable }) => {
      server.faults.always({ status: 503 });
      expectObservable(manager.validToken$, '59m 5s ^').toBe('59m 5s (a|)', { a: 'A1' });
    }),
  );

  it(
    'a lifetime shorter than the skew refreshes on every call',
    inVirtualTime(
      ({ manager, server, at }) => {
        for (let n = 0; n < 100; n++) at(n * 40, () => void manager.getValidToken());
        return () => expect(server.counters.requests).toBe(0);
      },
      { server: { accessTokenLifetimeMs: seconds(10) }, untilMs: seconds(4) },
    ),
  );

  it('a read error is taken for "no credentials" and remembered', async () => {
    const { server, file } = signedIn({ ...expired, expires_at: Date.now() + hours(1) });
    const healthy = readFileSync(file, 'utf8');
    writeFileSync(file, healthy.slice(0, 20));
    const tokens = createTokenManager({ store: fileStore(file), refresh: server.refresh });

    expect(await tokens.getValidToken().catch(codeOf)).toBe('store_corrupt');
    expect(readFileSync(file, 'utf8')).toBe(healthy.slice(0, 20));
    writeFileSync(file, healthy);
    expect(await tokens.getValidToken()).toBe('A1');
    tokens.dispose();
  });

  it('concurrent saves collide on the temp name', async () => {
    const { server, file, stored } = signedIn();
    const managers = Array.from({ length: 5 }, () =>
      createTokenManager({ store: fileStore(file), refresh: server.refresh }),
    );
    const saves = Array.from({ length: 25 }, (_, n) =>
      managers[n % 5]!.set({ access_token: `S${n}`, expires_in: 3600 }),
    );
    await Promise.all(saves);
    for (const tokens of managers) tokens.dispose();

    expect(stored().access_token).toMatch(/^S\d+$/);
    const besides = readdirSync(dirname(file)).filter((name) => !/^credentials\.json$|lock$/.test(name));
    expect(besides).toEqual([]);
  });

  it('`~/x` creates a folder named `~`', async () => {
    const [home, cwd] = [tempFolder(), tempFolder()];
    const script = `
      import { createTokenManager } from 'rx-token';
      import { fileStore } from 'rx-token/node';
      const tokens = createTokenManager({ store: fileStore('~/x/credentials.json'), refresh: () => new Promise(() => {}) });
      await tokens.set({ access_token: 'A1', expires_in: 3600 });
    `;
    const { code, stderr } = await runScript(script, { cwd, env: { HOME: home } });

    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(join(home, 'x', 'credentials.json'))).toBe(true);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it(
    'a hung refresh wedges everyone',
    inVirtualTime(
      ({ manager, server, at }) => {
        server.faults.next({ dropBeforeCommit: 'hang' });
        const served: Promise<unknown>[] = [];
        at(hours(2), () => served.push(manager.getValidToken().catch(codeOf)));
        at(hours(2) + seconds(40), () => served.push(manager.getValidToken()));
        return async () => expect(await Promise.all(served)).toEqual(['refresh_unavailable', 'A2']);
      },
      { untilMs: hours(2) + seconds(50) },
    ),
  );

  it('an async `onRefresh` that rejects kills the process', async () => {
    const script = `
      import { createTokenManager, memoryStore } from 'rx-token';
      const tokens = createTokenManager({
        store: memoryStore(${JSON.stringify(expired)}),
        refresh: async () => ({ access_token: 'A2', expires_in: 3600 }),
        onRefresh: async () => { throw new Error('no'); },
      });
      tokens.token$.subscribe();
      console.log(await tokens.getValidToken());
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('alive');
    `;

    expect(await runScript(script)).toMatchObject({ code: 0, stdout: 'A2\nalive\n', stderr: '' });
  });

  it('signing out during a refresh brings the file back', async () => {
    const { server, file } = signedIn();
    const [asked, answer] = [deferred(), deferred()];
    const tokens = createTokenManager({
      store: fileStore(file),
      refresh: async () => {
        asked.resolve();
        await answer.promise;
        return { access_token: 'A2', refresh_token: 'R2', expires_in: 3600 };
      },
    });
    const waiting = tokens.getValidToken().catch(codeOf);
    await asked.promise;
    await tokens.clear();
    answer.resolve();

    expect(await waiting).toBe('no_credentials');
    expect(await tokens.peek()).toBeNull();
    tokens.dispose();
    const reader = createTokenManager({ store: fileStore(file), refresh: server.refresh });
    expect(await reader.peek()).toBeNull();
    reader.dispose();
  });

  it('`expires_at` in seconds refreshes on every call', async () => {
    const { server, file } = signedIn({ ...expired, expires_at: Math.floor(Date.now() / 1_000) + 3_600 });
    const tokens = createTokenManager({ store: fileStore(file), refresh: server.refresh });
    for (let n = 0; n < 5; n++) expect(await tokens.getValidToken()).toBe('A1');
    tokens.dispose();

    expect(server.counters.requests).toBe(0);
  });

  it('a caller can mutate the shared object', async () => {
    const tokens = createTokenManager({
      store: memoryStore({ access_token: 'A1', nested: { plan: 'pro' }, expires_at: Date.now() + hours(1) }),
      refresh: () => new Promise(() => undefined),
    });
    const mine = (await tokens.getCredentials()) as { access_token: string; nested: { plan: string } };

    expect(() => (mine.access_token = 'forged')).toThrow(TypeError);
    expect(() => (mine.nested.plan = 'free')).toThrow(TypeError);
    expect(await tokens.getCredentials()).toMatchObject({ access_token: 'A1', nested: { plan: 'pro' } });
    tokens.dispose();
  });

  it('a provider name that walks the prototype', () => {
    for (const provider of ['constructor', '__proto__', 'toString', 'prototype']) {
      const config: TokenManagerConfig = { provider, refresh: () => new Promise(() => undefined) };
      expect(() => createTokenManager(config)).toThrow(RangeError);
    }
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
