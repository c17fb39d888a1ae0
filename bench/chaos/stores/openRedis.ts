import { noop } from 'rxjs';
import { redisStore } from 'rx-token/redis';
import type { OpenedStore } from './openStore.js';
import { withIdle } from './withIdle.js';

export interface RedisDescription {
  readonly kind: 'redis';
  readonly url: string;
  readonly key: string;
  readonly leaseMs?: number | undefined;
}

export async function openRedis({ url, key, leaseMs }: RedisDescription): Promise<OpenedStore> {
  const { createClient } = await import('redis'); // here, and not above: other stores do without
  const client = createClient({ url, socket: { reconnectStrategy: 50 } });
  client.on('error', noop); // what it comes to is told by the store
  await client.connect();
  const options = leaseMs === undefined ? {} : { leaseMs };
  const { store, idle } = withIdle(redisStore(client, key, options));
  return {
    store,
    another: (other) => redisStore(client, other, options),
    async close() {
      await idle();
      client.destroy();
    },
  };
}
