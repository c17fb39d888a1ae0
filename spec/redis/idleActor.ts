import { createClient, createCluster } from 'redis';
import { Cluster, Redis } from 'ioredis';
import { createTokenManager } from '../../src/index.js';
import { redisStore, type RedisClient } from '../../src/redis/index.js';
import { tell } from '../helpers/obey.js';

// argv: the address, the package, and whether it is a cluster. Uses a manager, closes its client, and forgets the manager.
const [url = '', name = '', cluster = ''] = process.argv.slice(2);

async function opened(): Promise<{ client: RedisClient; close: () => unknown }> {
  if (cluster && name === 'redis') {
    const client = createCluster({ rootNodes: [{ url }] });
    await client.connect();
    return { client, close: () => client.close() };
  }
  if (name === 'ioredis') {
    const client = cluster ? new Cluster([url]) : new Redis(url);
    return { client, close: () => client.quit() };
  }
  const client = createClient({ url });
  await client.connect();
  return { client, close: () => client.close() };
}

const { client, close } = await opened();
const tokens = createTokenManager({
  store: redisStore(client, 'idle'),
  refresh: () => Promise.reject(new Error('never called')),
});
await tokens.set({ access_token: 'one', expires_in: 3600 });
tokens.token$.subscribe();
tell('ready');
process.on('message', () => {
  void (async () => {
    await close();
    process.disconnect();
  })();
});
