import { Redis } from 'ioredis';
import { noop } from 'rxjs';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/redis/index.js';
import { finally_ } from './redisServer.js';

/** A client of either kind, closed with the file at the latest. */
export interface Client {
  readonly client: RedisClient;
  /** For what the store does not do. */
  send(...words: string[]): Promise<unknown>;
  close(): void;
}

/**
 * The clients that people have, by the name of their package. Either holds a process for as long as its last wait for
 * a connection takes, closed or not: up to 2 s by default, for which Jest has no patience.
 */
export const clients = {
  async redis(url: string): Promise<Client> {
    const client = createClient({ url, socket: { reconnectStrategy: 50 } });
    client.on('error', noop);
    await client.connect();
    const close = (): void => (client.isOpen ? client.destroy() : undefined);
    finally_(close);
    return { client, send: (...words) => client.sendCommand(words), close };
  },

  ioredis(url: string): Promise<Client> {
    const client = new Redis(url, { retryStrategy: () => 50, disconnectTimeout: 50 });
    client.on('error', noop);
    const close = (): void => client.disconnect();
    finally_(close);
    return Promise.resolve({
      client,
      send: (command = '', ...words) => client.call(command, ...words),
      close,
    });
  },
} satisfies Record<string, (url: string) => Promise<Client>>;

export type ClientName = keyof typeof clients;
export const clientNames = Object.keys(clients) as ClientName[];

/** A client of which commands can be kept from being answered, as on a machine that is cut off. */
export function cuttable(client: RedisClient): { client: RedisClient; cut: (isCut: boolean) => void } {
  let isCut = false;
  const kept = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...given: unknown[]) => unknown;
      return name === 'call' || name === 'sendCommand'
        ? (...given: unknown[]) => (isCut ? new Promise(noop) : method(...given))
        : method;
    },
  });
  return { client: kept, cut: (is) => (isCut = is) };
}
