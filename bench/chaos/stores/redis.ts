import { noop } from 'rxjs';
import { createClient } from 'redis';
import { startRedis } from '../../../spec/helpers/startRedis.js';
import type { Backend, Found } from './backend.js';

const KEY = 'chaos';

/** A server of its own, that syncs every write. */
export const redis: Backend = {
  traits: ['server', 'lease'],
  async start() {
    const server = await startRedis();
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 20 } });
    client.on('error', noop);
    await client.connect();

    /** Through a restart, if need be. */
    async function send(...words: string[]): Promise<unknown> {
      for (;;) {
        try {
          return await client.sendCommand(words);
        } catch (error) {
          if (!client.isOpen) throw error;
          await new Promise((settle) => setTimeout(settle, 20));
        }
      }
    }
    const look = async (): Promise<Found> => pairIn(await send('HGET', KEY, 'credentials'));

    return {
      describe: ({ leaseMs } = {}) => ({ kind: 'redis', url: server.url, key: KEY, leaseMs }),
      look,
      async saved() {
        const found = await look();
        return typeof found === 'string' ? [] : [found.refresh];
      },
      async leftovers() {
        const keys = (await send('KEYS', '*')) as string[];
        return keys.filter((key) => key !== KEY);
      },
      server: {
        kill: () => server.kill(),
        restart: () => server.start(),
        async cut() {
          for (const type of ['normal', 'pubsub']) await send('CLIENT', 'KILL', 'TYPE', type);
        },
        async loseLock() {
          await send('DEL', `{${KEY}}:lock`);
        },
        async listeners() {
          const list = String(await send('CLIENT', 'LIST', 'TYPE', 'pubsub'));
          return list.split('\n').filter(Boolean).length;
        },
      },
      async close() {
        client.destroy();
        await server.stop();
      },
    };
  },
};

function pairIn(text: unknown): Found {
  try {
    const { access_token, refresh_token } = JSON.parse(String(text)) as Record<string, unknown>;
    if (typeof access_token !== 'string' || typeof refresh_token !== 'string') return 'it holds no tokens';
    return { access: access_token, refresh: refresh_token };
  } catch (error) {
    return (error as Error).message;
  }
}
