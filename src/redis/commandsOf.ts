import { fromEvent, merge, type Observable, share } from 'rxjs';
import { ioredisLine } from './ioredisLine.js';
import type { Line } from './line.js';
import { nodeRedisLine } from './nodeRedisLine.js';

/** A client, or a cluster, of `redis` 4 or later, as far as it is used. */
export interface NodeRedisClient {
  sendCommand(...words: never[]): Promise<unknown>;
  duplicate(): unknown;
}

/** A client, or a cluster, of `ioredis` 5 or later, as far as it is used. */
export interface IoredisClient {
  call(...words: never[]): Promise<unknown>;
  duplicate(): unknown;
}

export type RedisClient = NodeRedisClient | IoredisClient;

/** What is asked of a client, whichever it is. */
export interface Commands {
  /** What the client puts before each key that decides where it lies, in a cluster. */
  readonly keyPrefix: string;
  /** Sends one command; `key` says where to, in a cluster. `left` takes it back if it was not sent by then. */
  send(key: string, words: readonly string[], left: AbortSignal): Promise<unknown>;
  /** True while a command would lie in a queue for as long as there is no connection. */
  isOffline(): boolean;
  /** True when the client was closed, or is not open yet. */
  isClosed(): boolean;
  /** Emits each time that the client has a connection. */
  readonly ready$: Observable<unknown>;
  /** Emits when the client is closed. */
  readonly end$: Observable<unknown>;
  /**
   * Opens a connection to hear from when subscribed to, and emits it each time it stands. Errors or completes
   * when it is over, and closes it when unsubscribed.
   */
  line$(hear: (channel: string, message: string) => void): Observable<Line>;
}

/** What the two kinds of clients have, and some of them only. */
interface AnyClient extends EventSource {
  readonly status?: string;
  readonly isOpen?: boolean;
  readonly isReady?: boolean;
  readonly masters?: unknown;
  readonly isCluster?: boolean;
  readonly options?: { readonly keyPrefix?: string };
  call?(command: string, ...words: string[]): Promise<unknown>;
  sendCommand?(...given: unknown[]): Promise<unknown>;
  duplicate?(): never;
}

interface EventSource {
  on(event: string, handler: (...told: unknown[]) => void): unknown;
  off(event: string, handler: (...told: unknown[]) => void): unknown;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** @throws TypeError where `given` is no such client */
export function commandsOf(given: RedisClient): Commands {
  const client = given as unknown as AnyClient | null | undefined;
  if (!client || !isFunction(client.duplicate) || !isFunction(client.on)) throw notAClient();
  if (isFunction(client.call)) return ioredisCommands(client);
  if (isFunction(client.sendCommand)) return nodeRedisCommands(client);
  throw notAClient();
}

function notAClient(): TypeError {
  return new TypeError('redisStore: client must be a client of redis (4 or later) or ioredis (5 or later)');
}

/** One listener for however many wait. */
function events(client: EventSource): Pick<Commands, 'ready$' | 'end$'> {
  return {
    ready$: fromEvent(client, 'ready').pipe(share()),
    end$: merge(fromEvent(client, 'end'), fromEvent(client, 'disconnect')).pipe(share()), // a cluster of redis
  };
}

function ioredisCommands(client: AnyClient): Commands {
  return {
    keyPrefix: client.isCluster === true ? (client.options?.keyPrefix ?? '') : '',
    send: async (_key, [command = '', ...words]) => client.call?.(command, ...words),
    // `wait` is that of a lazy client, which connects for the first command
    isOffline: () => !['ready', 'wait', 'end'].includes(client.status ?? 'ready'),
    isClosed: () => client.status === 'end',
    ...events(client),
    line$: (hear) => ioredisLine(() => client.duplicate?.() as never, hear),
  };
}

function nodeRedisCommands(client: AnyClient): Commands {
  const isCluster = 'masters' in client;
  return {
    keyPrefix: '',
    async send(key, words, left) {
      const unsent = new AbortController(); // version 4 breaks its queue when it is told of what was sent already
      const leave = (): void => (client.isReady === false ? unsent.abort() : undefined);
      left.addEventListener('abort', leave);
      try {
        return await client.sendCommand?.(...(isCluster ? [key, false] : []), [...words], {
          abortSignal: left,
          signal: unsent.signal, // as version 4 calls it
          typeMapping: {}, // and not that of the client, which may be one to Buffers
        });
      } finally {
        left.removeEventListener('abort', leave);
      }
    },
    isOffline: () => client.isOpen === true && client.isReady === false,
    isClosed: () => client.isOpen === false,
    ...events(client),
    line$: (hear) => nodeRedisLine(() => client.duplicate?.() as never, isCluster, hear),
  };
}
