/** What the README says of its peers, row by row: whoever updates one of them learns here what to write. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from '@smithy/core';
import { OAuth2Client } from 'google-auth-library';
import { createTokenManager as createGuard, fileStore as guardFile, type Credentials } from 'refresh-guard';
import { createTokenManager, memoryStore } from '../src/index.js';
import { fileStore } from '../src/node/index.js';
import { tempFolder } from './helpers/tempFolder.js';

const readme = readFileSync('README.md', 'utf8');
const inMs = (ms: number) => Date.now() + ms;
const down = () => Promise.reject(new Error('The provider is down'));

const ended = { access_token: 'A1', refresh_token: 'R1', expires_at: 1 };
const ending = { ...ended, expires_at: inMs(30_000) };

/** A provider that counts what it is asked, and answers a little later. */
function counted<T>(answer: (count: number) => T) {
  let requests = 0;
  return {
    get requests() {
      return requests;
    },
    async ask(): Promise<T> {
      const count = ++requests;
      await new Promise(setImmediate);
      return answer(count);
    },
  };
}

async function askedBy50(ask: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: 50 }, ask));
}

function google(
  held: { access_token: string; refresh_token: string; expires_at: number },
  answer: () => Promise<Response>,
) {
  const client = new OAuth2Client({
    clientId: 'client',
    transporterOptions: { fetchImplementation: answer },
  });
  const { access_token, refresh_token, expires_at } = held;
  client.setCredentials({ access_token, refresh_token, expiry_date: expires_at });
  return client;
}

const smithy = (provide: () => Promise<{ token: string; expiration: Date }>) =>
  memoizeIdentityProvider(provide, isIdentityExpired, doesIdentityRequireRefresh)!;

/** Writes as its types want it: `expires_at` is there. */
const guardAnswer = (count: number): Credentials => ({
  access_token: `A${count}`,
  expires_at: inMs(3_600_000),
});

describe('the comparison in the README', () => {
  it.each(['refresh-guard', 'google-auth-library', '@smithy/core'])(
    'is about the %s that is installed',
    (name) => {
      const { version } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      };
      expect(readme).toContain(`${name} ${version}`);
    },
  );

  describe('one refresh for many callers', () => {
    it('rx-token: yes', async () => {
      const provider = counted(() => ({ access_token: 'A2', expires_in: 3600 }));
      const tokens = createTokenManager({ store: memoryStore(ended), refresh: provider.ask });
      await askedBy50(() => tokens.getValidToken());
      expect(provider.requests).toBe(1);
    });

    it('refresh-guard: yes', async () => {
      const provider = counted(guardAnswer);
      const guard = createGuard({ initial: ended, refresh: provider.ask });
      await askedBy50(() => guard.getValidToken());
      expect(provider.requests).toBe(1);
    });

    it('google-auth-library: yes; not with refreshHandler', async () => {
      const provider = counted(() => Response.json({ access_token: 'A2', expires_in: 3600 }));
      const client = google(ended, provider.ask);
      await askedBy50(() => client.getAccessToken());
      expect(provider.requests).toBe(1);

      const handler = counted(() => ({ access_token: 'A2', expiry_date: inMs(3_600_000) }));
      const handled = new OAuth2Client({ clientId: 'client' });
      handled.refreshHandler = handler.ask;
      await askedBy50(() => handled.getAccessToken());
      expect(handler.requests).toBe(50);
    });

    it('@smithy/core: yes', async () => {
      const provider = counted(() => ({ token: 'A2', expiration: new Date(inMs(3_600_000)) }));
      const identityOf = smithy(provider.ask);
      await askedBy50(() => identityOf());
      expect(provider.requests).toBe(1);
    });
  });

  describe('one refresh for many processes, here two managers that each open the file', () => {
    it('rx-token: yes, over a file', async () => {
      const file = join(tempFolder(), 'credentials.json');
      const provider = counted(() => ({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 }));
      const [one, other] = [1, 2].map(() =>
        createTokenManager({ store: fileStore(file), refresh: provider.ask }),
      );
      await one!.set(ended);
      expect(await Promise.all([one!.getValidToken(), other!.getValidToken()])).toEqual(['A2', 'A2']);
      expect(provider.requests).toBe(1);
      one!.dispose();
      other!.dispose();
    });

    it('refresh-guard: no, each keeps what it has loaded', async () => {
      const file = join(tempFolder(), 'credentials.json');
      await guardFile(file).set(ended);
      const spent: unknown[] = [];
      const refresh = (previous: Credentials | null) => {
        spent.push(previous?.refresh_token);
        return Promise.resolve({ ...guardAnswer(2), refresh_token: 'R2' });
      };
      const [one, other] = [1, 2].map(() => createGuard({ store: guardFile(file), refresh }));
      await other!.current();
      await one!.getValidToken();
      await other!.getValidToken();
      expect(spent).toEqual(['R1', 'R1']);
    });
  });

  describe('a rotated refresh token', () => {
    it('rx-token and refresh-guard: replaces the old one', async () => {
      const answer = { ...guardAnswer(2), refresh_token: 'R2' };
      const options = { initial: ended, store: memoryStore(ended), refresh: () => Promise.resolve(answer) };
      const { initial, store, refresh } = options;
      expect(await createTokenManager({ store, refresh }).getCredentials()).toMatchObject({
        refresh_token: 'R2',
      });
      expect(await createGuard({ initial, refresh }).getCredentials()).toMatchObject({ refresh_token: 'R2' });
    });

    it('google-auth-library: is in the tokens event, and the old one is sent again', async () => {
      const answer = { access_token: 'A2', refresh_token: 'R2', expires_in: 3600 };
      const client = google(ended, () => Promise.resolve(Response.json(answer)));
      const told: unknown[] = [];
      client.on('tokens', ({ refresh_token }) => told.push(refresh_token));
      await client.getAccessToken();
      expect(told).toEqual(['R2']);
      expect(client.credentials.refresh_token).toBe('R1');
    });
  });

  describe('an answer with expires_in only', () => {
    const answer = { access_token: 'A2', expires_in: 3600 };

    it('rx-token and google-auth-library: is understood', async () => {
      const tokens = createTokenManager({
        store: memoryStore(ended),
        refresh: () => Promise.resolve(answer),
      });
      expect((await tokens.getCredentials()).expires_at).toBeGreaterThan(inMs(3_500_000));
      const client = google(ended, () => Promise.resolve(Response.json(answer)));
      await client.getAccessToken();
      expect(client.credentials.expiry_date).toBeGreaterThan(inMs(3_500_000));
    });

    it('refresh-guard: never expires', async () => {
      const guard = createGuard({ initial: ended, now: () => later, refresh: () => Promise.resolve(answer) });
      let later = Date.now();
      await guard.getValidToken();
      later += 365 * 86_400_000;
      expect(await guard.getValidToken()).toBe('A2');
      expect((await guard.getCredentials()).expires_at).toBeUndefined();
    });
  });

  describe('a refresh fails, the token is still good', () => {
    it('rx-token: the token is served', async () => {
      const tokens = createTokenManager({ store: memoryStore(ending), refresh: down });
      expect(await tokens.getValidToken()).toBe('A1');
    });

    it('refresh-guard: rejects, in the last minute', async () => {
      await expect(createGuard({ initial: ending, refresh: down }).getValidToken()).rejects.toThrow('down');
    });

    it('google-auth-library: rejects, in the last five minutes', async () => {
      const client = google({ ...ended, expires_at: inMs(290_000) }, () =>
        Promise.resolve(new Response('{}', { status: 400 })),
      );
      await expect(client.getAccessToken()).rejects.toThrow();
    });

    it('@smithy/core: rejects, when isExpired says so', async () => {
      let isUp = true;
      const identity = { token: 'A1', expiration: new Date(inMs(3_600_000)) };
      const identityOf = smithy(() => (isUp ? Promise.resolve(identity) : down()));
      await identityOf();
      isUp = false;
      identity.expiration = new Date(inMs(290_000));
      await expect(identityOf()).rejects.toThrow('down');
    });
  });

  it('a path with ~ is a folder of that name for refresh-guard, and the home folder here', async () => {
    const folder = tempFolder();
    const from = process.cwd();
    process.chdir(folder);
    try {
      await guardFile('~/credentials.json').set(ended);
      expect(JSON.parse(readFileSync(join(folder, '~/credentials.json'), 'utf8'))).toEqual(ended);
      const tokens = createTokenManager({ store: fileStore('./~/credentials.json'), refresh: down });
      expect(await tokens.peek()).toEqual(ended);
      tokens.dispose();
    } finally {
      process.chdir(from);
    }
  });

  it('what is written here, refresh-guard reads', async () => {
    const file = join(tempFolder(), 'credentials.json');
    const tokens = createTokenManager({ store: fileStore(file), refresh: down });
    await tokens.set({ access_token: 'A2', refresh_token: 'R2', expires_in: 3600 });
    tokens.dispose();
    expect(await createGuard({ store: guardFile(file), refresh: down }).getValidToken()).toBe('A2');
  });
});
