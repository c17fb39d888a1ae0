import { describe, expect } from '@jest/globals';
import { Cluster } from 'ioredis';
import { firstValueFrom, from, noop, type ObservableInput } from 'rxjs';
import { createCluster } from 'redis';
import { ANY_VERSION, type CredentialStore } from '../../src/contracts.js';
import { createTokenManager } from '../../src/index.js';
import { type RedisClient, redisStore } from '../../src/redis/index.js';
import { clients } from '../helpers/redisClients.js';
import { finally_, itWithOwnRedis, ownRedis } from '../helpers/redisServer.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { until } from '../helpers/until.js';

const done = <T>(input: ObservableInput<T>): Promise<T> => firstValueFrom(from(input));
const signedIn = { access_token: 'access-of-1', refresh_token: 'refresh-of-1' };

/** Two nodes that share the slots: what lies in two slots cannot be asked for at once, and moves are answered. */
async function cluster() {
  const nodes = await Promise.all([
    ownRedis('--cluster-enabled', 'yes'),
    ownRedis('--cluster-enabled', 'yes'),
  ]);
  const [one, other] = nodes;
  const senders = await Promise.all(nodes.map(({ url }) => clients.ioredis(url)));
  await senders[0]!.send('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
  await senders[1]!.send('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
  await senders[0]!.send('CLUSTER', 'MEET', '127.0.0.1', `${other.port}`);
  const isUp = async () => {
    const said = await Promise.all(senders.map(({ send }) => send('CLUSTER', 'INFO')));
    return said.every((info) =>
      ['cluster_state:ok', 'known_nodes:2'].every((word) => String(info).includes(word)),
    );
  };
  await until(isUp, 30_000);
  return { port: one.port, senders };
}

const kinds: Record<string, (port: number) => Promise<RedisClient>> = {
  async redis(port) {
    const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
    client.on('error', noop);
    await client.connect();
    finally_(() => client.destroy());
    return client;
  },
  ioredis(port) {
    const client = new Cluster([{ host: '127.0.0.1', port }]);
    client.on('error', noop);
    finally_(() => client.disconnect());
    return Promise.resolve(client);
  },
};

/** A store hears and finds what another one, or itself, writes. */
async function expectHeard(store: CredentialStore, writer: CredentialStore): Promise<void> {
  let hints = 0;
  const listening = store.changes$.subscribe(() => hints++);
  await until(() => hints > 0, 20_000);
  const before = hints;
  await done(writer.write(signedIn, ANY_VERSION));
  await until(() => hints > before);
  listening.unsubscribe();
  expect((await done(store.read())).credentials).toEqual(signedIn);
}

describe.each(Object.keys(kinds))('redisStore on a cluster of %s', (name) => {
  itWithOwnRedis('keeps each credential in one slot, refreshes it once, and hears of it', async () => {
    const { port, senders } = await cluster();
    const [mine, theirs] = [await kinds[name]!(port), await kinds[name]!(port)];
    for (const key of ['tokens', 'tokens:{user 7}', 'another', 'and another', 'z']) {
      const store = redisStore(mine, key);
      const sibling = redisStore(theirs, key);
      await expectHeard(store, sibling);

      let requests = 0;
      const refresh = () => ({ ...signedIn, access_token: `access-of-${++requests + 1}`, expires_in: 3600 });
      const managers = [store, sibling].map((one) => createTokenManager({ store: one, refresh }));
      const renewed = await Promise.all(managers.map((tokens) => tokens.renew('access-of-1')));
      expect(renewed).toEqual(['access-of-2', 'access-of-2']);
      expect(requests).toBe(1);
      for (const tokens of managers) tokens.dispose();
    }
    const counts = () => Promise.all(senders.map(async ({ send }) => Number(await send('DBSIZE'))));
    await until(async () => (await counts()).reduce((sum, count) => sum + count, 0) === 5); // no lock is left
    expect(Math.min(...(await counts()))).toBeGreaterThan(0);
  });

  itWithOwnRedis('ends with its client, and keeps no process alive', async () => {
    const { port, senders } = await cluster();
    const listeners = async () => {
      const lists = await Promise.all(senders.map(({ send }) => send('CLIENT', 'LIST', 'TYPE', 'pubsub')));
      return lists.join('').split('\n').filter(Boolean).length;
    };
    const actor = await spawnActor('spec/redis/idleActor.ts', {
      args: [`redis://127.0.0.1:${port}`, name, 'cluster'],
    });
    await until(async () => (await listeners()) > 0);
    const ended = new Promise((settle) => actor.process.once('exit', settle));
    actor.process.send('end');
    expect(await ended).toBe(0);
    await until(async () => (await listeners()) === 0);
  });
});

itWithOwnRedis.each(['app:', '{app}:'])(
  'redisStore on a cluster of ioredis with the keyPrefix %s',
  async (keyPrefix) => {
    const { port } = await cluster();
    const client = new Cluster([{ host: '127.0.0.1', port }], { keyPrefix });
    client.on('error', noop);
    finally_(() => client.disconnect());
    for (const key of ['tokens', 'tokens:{user 7}']) {
      const store = redisStore(client, key);
      await expectHeard(store, store);
      expect(await done(store.lock.hold(() => from([1])))).toBe(1);
    }
  },
);
