import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { concatMap, firstValueFrom, from, type ObservableInput } from 'rxjs';
import { createClient, RESP_TYPES } from 'redis';
import { ANY_VERSION, type Lease, NO_VERSION } from '../../src/contracts.js';
import { createTokenManager, StoreError } from '../../src/index.js';
import { redisStore, type RedisClient } from '../../src/redis/index.js';
import { type Client, clientNames, clients } from '../helpers/redisClients.js';
import { finally_, itWithOwnRedis, itWithRedis, ownRedis, redisUrl } from '../helpers/redisServer.js';
import { tcpProxy } from '../helpers/tcpProxy.js';
import { until } from '../helpers/until.js';

const SECRETS = /access-of|refresh-of/;
const signedIn = { access_token: 'access-of-1', refresh_token: 'refresh-of-1' };
const rotated = { access_token: 'access-of-2', refresh_token: 'refresh-of-2' };

const done = <T>(input: ObservableInput<T>): Promise<T> => firstValueFrom(from(input));
const failing = (input: ObservableInput<unknown>): Promise<StoreError> =>
  done(input).then(
    () => {
      throw new Error('It did not fail');
    },
    (error: unknown) => error as StoreError,
  );

let keys = 0;
async function bench() {
  const { client, send } = await clients.redis(await redisUrl());
  const key = `store ${++keys}`;
  return { client, send, key, store: redisStore(client, key) };
}

it('takes back no command that was sent: the queue of version 4 of redis would break', async () => {
  const signals: AbortSignal[] = [];
  const client = {
    sendCommand(_words: readonly string[], { signal }: { readonly signal: AbortSignal }) {
      signals.push(signal);
      return Promise.resolve(['-', null, null, null]);
    },
    ...{ duplicate: () => null, on: () => null, off: () => null, isOpen: true, isReady: true },
  };
  await done(redisStore(client as unknown as RedisClient, 'key').read());
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});

it('sends a write no second time to a server that had forgotten the script, once it was told to have failed', async () => {
  const sent: string[] = [];
  let answer!: (error: Error) => void;
  const client = {
    call(command: string) {
      sent.push(command);
      return new Promise<unknown>((_settle, fail) => (answer = fail));
    },
    ...{ duplicate: () => null, on: () => null, off: () => null, status: 'ready' },
  };
  const store = redisStore(client, 'key', { answerMs: 500 });
  expect(await failing(store.write(signedIn, NO_VERSION))).toMatchObject({ reason: 'ETIMEDOUT' });
  answer(new Error('NOSCRIPT No matching script')); // of a server that was restarted, hours later
  await new Promise(setImmediate);
  expect(sent).toEqual(['EVALSHA']);
});

describe('the options of redisStore', () => {
  const client = { call: () => Promise.resolve(), duplicate: () => null, on: () => null, off: () => null };
  it.each([
    ['no client', () => redisStore(undefined as unknown as RedisClient, 'key'), /^redisStore: client/],
    ['another object', () => redisStore({} as RedisClient, 'key'), /^redisStore: client/],
    ['no key', () => redisStore(client, ' '), /^redisStore: key/],
    ['a stray brace', () => redisStore(client, 'a}b'), /^redisStore: key/],
    ['a lease of nothing', () => redisStore(client, 'key', { leaseMs: 0 }), /^redisStore: leaseMs/],
    ['a lease for ever', () => redisStore(client, 'key', { leaseMs: Infinity }), /^redisStore: leaseMs/],
    ['an answer at once', () => redisStore(client, 'key', { answerMs: 0 }), /^redisStore: answerMs/],
    ['nobody', () => redisStore(client, 'key', { by: 7 as unknown as string }), /^redisStore: by/],
  ])('refuses %s, by name', (_what, create, message) => {
    expect(create).toThrow(message);
    expect(create).toThrow(/must/);
  });

  it('asks for an exchange that is shorter than the lease', () => {
    const store = redisStore(client, 'key', { leaseMs: 31_000 });
    const refresh = () => Promise.reject(new Error('never called'));
    expect(() => createTokenManager({ store, refresh })).toThrow(/refreshTimeoutMs must be below leaseMs/);
    expect(() => createTokenManager({ store, refresh, refreshTimeoutMs: 29_000 })).not.toThrow();
  });
});

describe('redisStore', () => {
  itWithRedis('keeps the record as JSON at the key itself, where others find it', async () => {
    const { store, send, key } = await bench();
    await done(store.write({ ...signedIn, tenant: 'Zoë' }, ANY_VERSION));
    const text = await send('HGET', key, 'credentials');
    expect(JSON.parse(String(text))).toEqual({ ...signedIn, tenant: 'Zoë' });
  });

  itWithRedis('notices what a foreign writer puts there', async () => {
    const { store, send, key } = await bench();
    const { snapshot } = await done(store.write(signedIn, ANY_VERSION));
    await send('HSET', key, 'credentials', JSON.stringify(rotated));
    const found = await done(store.read());
    expect(found.credentials).toEqual(rotated);
    expect(found.version).not.toBe(snapshot.version);
    const { written } = await done(store.write({ ...signedIn, scope: 'more' }, snapshot.version));
    expect(written).toBe(false);
  });

  itWithRedis.each(['null', '{}', ' { }\n'])('takes %j for signed out', async (text) => {
    const { store, send, key } = await bench();
    await send('HSET', key, 'credentials', text);
    expect(await done(store.read())).toEqual({ credentials: null, version: NO_VERSION });
    expect((await done(store.write(signedIn, NO_VERSION))).written).toBe(true);
  });

  itWithRedis.each([
    ['no JSON', 'access-of-1, by mistake'],
    ['no credentials', '{"refresh_token":"refresh-of-1"}'],
    ['nothing at all', ''],
  ])('leaves %s where it is until a sign-in replaces it, and keeps a copy', async (_what, text) => {
    const { store, send, key } = await bench();
    await send('HSET', key, 'credentials', text);
    const errors = [
      await failing(store.read()),
      await failing(store.write(rotated, NO_VERSION)),
      await failing(store.write(null, NO_VERSION)),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'store_corrupt' });
      expect(`${error.message}${error.stack}`).not.toMatch(SECRETS);
    }
    expect(await send('HGET', key, 'credentials')).toBe(text);

    expect((await done(store.write(rotated, ANY_VERSION))).written).toBe(true);
    expect((await done(store.read())).credentials).toEqual(rotated);
    const asides = (await send('KEYS', `{${key}}:corrupt-*`)) as string[];
    expect(asides).toHaveLength(1);
    expect(await send('GET', `${asides[0]}`)).toBe(text);
    expect(Number(await send('TTL', `${asides[0]}`))).toBeGreaterThan(29 * 24 * 60 * 60);
  });

  itWithRedis(
    'keeps what is there in the place of its record, of whatever kind, when it replaces that',
    async () => {
      const { store, send, key } = await bench();
      await send('RPUSH', key, 'access-of-1');
      expect(await failing(store.read())).toMatchObject({ code: 'store_corrupt' });
      expect(await failing(store.write(rotated, NO_VERSION))).toMatchObject({ code: 'store_corrupt' });
      expect(await failing(store.lock.hold(() => from([1])))).toMatchObject({ code: 'store_corrupt' });
      await done(store.write(rotated, ANY_VERSION));
      expect((await done(store.read())).credentials).toEqual(rotated);
      const [aside = ''] = (await send('KEYS', `{${key}}:corrupt-*`)) as string[];
      expect(await send('LRANGE', aside, '0', '-1')).toEqual(['access-of-1']);
    },
  );

  itWithRedis(
    'takes what was written already for written: the answer of an earlier try may have been lost',
    async () => {
      const { store } = await bench();
      const { snapshot } = await done(store.write(signedIn, NO_VERSION));
      await done(store.write(rotated, snapshot.version));
      expect((await done(store.write(rotated, snapshot.version))).written).toBe(true);
      expect((await done(store.write(signedIn, NO_VERSION))).written).toBe(false);
    },
  );

  itWithRedis.each<[string, (url: string) => Redis]>([
    ['answers with numbers as strings', (url) => new Redis(url, { stringNumbers: true })],
    ['puts a prefix before keys', (url) => new Redis(url, { keyPrefix: 'app:' })],
  ])('works through a client of ioredis that %s', async (_what, open) => {
    const client = open(await redisUrl());
    finally_(() => client.disconnect());
    const key = `store ${++keys}`;
    const store = redisStore(client, key);
    let hints = 0;
    const listening = store.changes$.subscribe(() => hints++);
    await until(() => hints === 1);
    const { written, snapshot } = await done(store.write(signedIn, NO_VERSION));
    expect(written).toBe(true);
    await until(() => hints === 2);
    listening.unsubscribe();
    expect((await done(store.write(rotated, snapshot.version))).written).toBe(true);
    expect((await done(store.write(signedIn, snapshot.version))).written).toBe(false);
    const prepare = (lease: Lease) =>
      from(client.del(key, `{${key}}:lock`)).pipe(concatMap(() => lease.prepare(rotated, NO_VERSION, 1, 2)));
    expect(await failing(store.lock.hold(prepare))).toMatchObject({ code: 'lock_timeout' });
  });

  itWithRedis('works through a client of redis that is told to answer otherwise', async () => {
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };
    const client = createClient({ url: await redisUrl(), commandOptions: { typeMapping } });
    finally_(() => client.destroy());
    await client.connect();
    const store = redisStore(client, `store ${++keys}`);
    const { snapshot } = await done(store.write(signedIn, NO_VERSION));
    expect(await done(store.read())).toEqual({ credentials: signedIn, version: expect.any(String) });
    expect((await done(store.write(rotated, snapshot.version))).written).toBe(true);
    expect((await done(store.write(signedIn, snapshot.version))).written).toBe(false);
    await done(store.lock.hold((lease) => from(lease.prepare(rotated, NO_VERSION, 1, 2))));
    expect((await done(store.read())).pending).toMatchObject({ sentAt: 1 });
  });

  /** What the README says; `hello` and `client` are what the package itself connects with. */
  const COMMANDS =
    'eval evalsha type get set del rename pexpire hget hmget hset hsetnx hdel hexists hincrby time publish hello client';

  itWithRedis('needs few commands, and writes although it may not say so', async () => {
    const { send, key } = await bench();
    const user = `mute${++keys}`;
    const rights = COMMANDS.split(' ').map((command) => `+${command}`);
    await send('ACL', 'SETUSER', user, 'on', '>word', '~*', '-@all', 'resetchannels', ...rights);
    const url = new URL(await redisUrl());
    [url.username, url.password] = [user, 'word'];
    const { client } = await clients.redis(url.href);
    const store = redisStore(client, key);
    expect((await done(store.write(signedIn, NO_VERSION))).written).toBe(true);
    await expect(done(store.lock.hold(() => from(['inside'])))).resolves.toBe('inside');
    await expect(done(store.lock.hold(() => from(['again'])))).resolves.toBe('again');
    await send('ACL', 'DELUSER', user);
  });

  itWithRedis('works where the server has forgotten the scripts', async () => {
    const { store, send } = await bench();
    await done(store.write(signedIn, ANY_VERSION));
    await send('SCRIPT', 'FLUSH');
    expect((await done(store.read())).credentials).toEqual(signedIn);
    await send('SCRIPT', 'FLUSH');
    await expect(done(store.lock.hold(() => from(['inside'])))).resolves.toBe('inside');
  });
});

describe.each(clientNames)('redisStore on %s, when a connection breaks', (name) => {
  async function cutBench() {
    const server = await ownRedis();
    const proxy = await tcpProxy(server.port);
    const { client } = await clients[name](proxy.url);
    const sibling = redisStore((await clients[name](server.url)).client, 'key');
    for (const next of [rotated, null]) await done(sibling.write(next, ANY_VERSION)); // the script is known
    await done(sibling.write(rotated, ANY_VERSION));
    const patient = redisStore(client, 'key');
    await done(patient.read());
    return { proxy, sibling, patient, store: redisStore(client, 'key', { answerMs: 300 }) };
  }

  itWithOwnRedis.each([
    ['set', signedIn, signedIn.access_token],
    ['clear', null, '{key}:changed'],
  ])('a %s() that was told to have failed overwrites no later sign-in', async (_what, next, words) => {
    const { proxy, sibling, patient, store } = await cutBench();
    proxy.state.losing = words;
    expect(await failing(store.write(next, ANY_VERSION))).toMatchObject({ code: 'store_unwritable' });
    await done(sibling.write({ ...rotated, scope: 'signed in later' }, ANY_VERSION));
    proxy.cut();
    const later = await done(patient.read()); // behind what is sent again
    expect(later.credentials).toEqual({ ...rotated, scope: 'signed in later' });
  });

  itWithOwnRedis('a set() of which the answer was lost is not done twice', async () => {
    const { proxy, sibling, patient } = await cutBench();
    proxy.state.losingAnswerOf = signedIn.access_token;
    const written = done(patient.write(signedIn, ANY_VERSION));
    await until(async () => (await done(sibling.read())).credentials?.access_token === signedIn.access_token);
    await done(sibling.write(rotated, ANY_VERSION)); // who has the last word
    proxy.cut();
    expect(await written).toMatchObject({ written: true, snapshot: { credentials: rotated } });
    expect((await done(patient.read())).credentials).toEqual(rotated);
  });

  itWithOwnRedis('a set() is done although somebody refreshes in the middle of it', async () => {
    const { proxy, sibling, patient } = await cutBench();
    const { version } = await done(sibling.read());
    proxy.state.answerMs = 100; // so that what was read is old
    const written = done(patient.write(signedIn, ANY_VERSION));
    await new Promise((settle) => setTimeout(settle, 50));
    expect((await done(sibling.write({ ...rotated, scope: 'more' }, version))).written).toBe(true);
    expect((await written).written).toBe(true);
    expect((await done(sibling.read())).credentials).toEqual(signedIn);
  });
});

describe.each(clientNames)('redisStore on %s, when the server fails', (name) => {
  async function failingBench(answerMs = 400) {
    const server = await ownRedis();
    const { client, send } = await clients[name](server.url);
    return { server, send, store: redisStore(client, 'key', { answerMs }) };
  }
  const outcomes = (store: ReturnType<typeof redisStore>, version: string) =>
    Promise.all([
      failing(store.read()),
      failing(store.write(rotated, ANY_VERSION)),
      failing(store.write(rotated, version)),
      failing(store.lock.hold(() => from([1]))),
    ]);

  itWithOwnRedis(
    'fails in time and typed, leaves nothing in a queue, and works again by itself',
    async () => {
      const { server, store } = await failingBench();
      const { version } = (await done(store.write(signedIn, ANY_VERSION))).snapshot;
      await server.kill();
      // What ioredis has handed to a socket it sends again, until it has noticed that the server is gone.
      if (name === 'ioredis') await failing(store.read());
      const began = performance.now();
      const errors = await outcomes(store, version);
      expect(performance.now() - began).toBeLessThan(5000);
      const unwritable = 'store_unwritable';
      expect(errors.map(({ code }) => code)).toEqual([
        'store_unreadable',
        expect.stringMatching(/^store_un/),
        unwritable,
        unwritable,
      ]);
      for (const error of errors) {
        expect(error).toBeInstanceOf(StoreError);
        expect(`${error.message}${error.stack}${String(error.cause)}`).not.toMatch(SECRETS);
      }
      await server.start();
      await until(
        () =>
          done(store.read()).then(
            ({ credentials }) => credentials !== null,
            () => false,
          ),
        15_000,
      );
      expect((await done(store.read())).credentials).toEqual(signedIn); // what was told to have failed stays undone
    },
  );

  itWithOwnRedis('fails in time where the server hangs', async () => {
    const { server, store } = await failingBench();
    const { version } = (await done(store.write(signedIn, ANY_VERSION))).snapshot;
    await server.kill('SIGSTOP');
    const errors = await outcomes(store, version);
    expect(errors.map(({ reason }) => reason)).toEqual(Array(4).fill('ETIMEDOUT'));
    await server.kill('SIGCONT');
    await until(
      () =>
        done(store.read()).then(
          () => true,
          () => false,
        ),
      15_000,
    );
  });

  itWithOwnRedis('waits through a restart, and reads what was written before it', async () => {
    const { server, store } = await failingBench(20_000);
    await done(store.write(signedIn, ANY_VERSION));
    await server.kill();
    const found = done(store.read());
    const written = done(store.write({ ...signedIn, scope: 'more' }, (await versionOf(signedIn)).version));
    await server.start();
    expect((await found).credentials).toMatchObject(signedIn);
    expect((await written).written).toBe(true);
  });

  itWithOwnRedis('fails at once where the client was closed', async () => {
    const server = await ownRedis();
    const { client, close } = await clients[name](server.url);
    const store = redisStore(client, 'key', { answerMs: 60_000 });
    await done(store.read());
    close();
    const unread = await failing(store.read());
    expect(unread).toMatchObject({ code: 'store_unreadable' });
    expect(unread.message).toBe('Redis: cannot read key (the client is closed: call connect() first)');
    expect(await failing(store.write(signedIn, NO_VERSION))).toMatchObject({ code: 'store_unwritable' });
  });

  itWithOwnRedis('says why the server refuses, in its own word and no more', async () => {
    const { send, store } = await failingBench();
    await send('CONFIG', 'SET', 'maxmemory', '1');
    const full = await failing(store.write(signedIn, NO_VERSION));
    expect(full).toMatchObject({ code: 'store_unwritable', reason: 'OOM' });
    expect(full.message).toBe('Redis: cannot write key (OOM)');
    await send('CONFIG', 'SET', 'maxmemory', '0');
    await send('ACL', 'SETUSER', 'default', '-evalsha', '-eval');
    const denied = await failing(store.read());
    expect(denied).toMatchObject({ code: 'store_unreadable', reason: 'NOPERM' });
  });
});

/** By another store over the same content. */
async function versionOf(credentials: typeof signedIn) {
  const { store } = await bench();
  return (await done(store.write(credentials, ANY_VERSION))).snapshot;
}

describe('a manager on redisStore', () => {
  const response = (generation: number, expiresIn = 3600) => ({
    access_token: `access-of-${generation}`,
    refresh_token: `refresh-of-${generation}`,
    expires_in: expiresIn,
  });

  async function managed(server: { readonly url: string }, name: keyof typeof clients) {
    const connected: Client = await clients[name](server.url);
    let requests = 0;
    const tokens = createTokenManager({
      store: redisStore(connected.client, 'managed', { answerMs: 500 }),
      refresh: () => response(100 + ++requests),
      retry: () => 50,
      maxWaitMs: 200,
    });
    return { tokens, requests: () => requests, ...connected };
  }

  itWithOwnRedis.each(clientNames)(
    'on %s serves a valid token while the server is down, refreshes nothing without the lock, and recovers',
    async (name) => {
      const server = await ownRedis();
      const { tokens, requests } = await managed(server, name);
      await tokens.set(response(1));
      expect(await tokens.getValidToken()).toBe('access-of-1');
      await server.kill();
      expect(await tokens.getValidToken()).toBe('access-of-1');
      const refused = await tokens.renew('access-of-1').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StoreError);
      expect(requests()).toBe(0);
      await server.start();
      const renewed = () => tokens.renew('access-of-1').catch(() => undefined); // as after the next 401
      await until(async () => (await renewed()) === 'access-of-101', 20_000);
      expect(requests()).toBe(1);
      tokens.dispose();
    },
  );
});
