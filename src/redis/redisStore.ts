import { concatMap, defer, filter, map, type Observable, repeat, take, throwIfEmpty } from 'rxjs';
import { concealed } from '../concealed.js';
import { ANY_VERSION, type CredentialStore, type WriteResult } from '../contracts.js';
import { LONGEST_DELAY_MS } from '../longestDelay.js';
import { StoreError } from '../errors.js';
import { createChannels, type Channels } from './channels.js';
import { commandsOf, type Commands, type RedisClient } from './commandsOf.js';
import { isNo, type Answer } from './evaluate.js';
import { FREED } from './freed.js';
import { keysOf } from './keysOf.js';
import { corruptTextIn, seenIn, snapshotFrom, textOf } from './record.js';
import { redisLock } from './redisLock.js';
import { COMPARE_AND_SET, READ, REPLACE } from './scripts.js';
import { createQuestions, type Site } from './site.js';
import { thisProcess } from './thisProcess.js';

export interface RedisStoreOptions {
  /**
   * How long, in ms, the refresh lock outlives a holder that was killed. It is renewed while it is held, and
   * has to be longer, by some 6 %, than `refreshTimeoutMs` of the manager. Default 40 000, at least 100.
   */
  readonly leaseMs?: number | undefined;
  /** How long, in ms, to wait for an answer of the server, reconnections included. Default 5 000, at least 10. */
  readonly answerMs?: number | undefined;
  /** Who holds the lock, for people. Default: the number of the process, and the name of the machine. */
  readonly by?: string | undefined;
}

/** What all stores over one client share. */
interface Shared {
  readonly commands: Commands;
  readonly channels: Channels;
}

const shared = new WeakMap<object, Shared>();

function sharedBy(client: RedisClient): Shared {
  const known = shared.get(client);
  if (known) return known;
  const commands = commandsOf(client);
  const made = { commands, channels: createChannels(commands) };
  shared.set(client, made);
  return made;
}

/** What is corrupt is kept for so long, for whoever wants to know what happened: it may hold a token. */
const KEEP_CORRUPT_MS = 30 * 24 * 60 * 60_000;

/** A replacement looks again so often where each time somebody was faster, which is a refresh. */
const LOOKS = 10;

/**
 * Credentials in Redis (6.2 or later) or Valkey, shared by any number of machines.
 *
 * - The hash at `key` holds the credentials as JSON in `credentials`, and in fields of their own what is this
 *   library's; the lock lies beside it, in the same slot of a cluster.
 * - Every write is one script: it replaces the content if its version is still the one that was read. How
 *   durable that is, the server's configuration says (`appendonly yes`, `appendfsync always`).
 * - Refreshes are serialised by a lease that is renewed while it is held. It lapses under a holder that was
 *   paused or cut off for longer than `leaseMs`: then two may send the same refresh token, and none
 *   overwrites what the other has written.
 * - Siblings are heard through pub/sub, on one connection of its own for all stores over a client.
 *
 * A missing key, like a record of `null` or `{}`, is signed out. {@link StoreError}: `store_unreadable`,
 * `store_unwritable`, within `answerMs`; `store_corrupt`, which stays as it is until `set()` or `clear()`, and
 * is then kept for 30 days (`{key}:corrupt-<time>`).
 *
 * @param client of `redis` (4 or later) or `ioredis` (5 or later), connected, and closed, by its owner
 * @throws TypeError or RangeError that names what is wrong
 */
export function redisStore(
  client: RedisClient,
  key: string,
  { leaseMs = 40_000, answerMs = 5_000, by = thisProcess() }: RedisStoreOptions = {},
): CredentialStore {
  const { commands, channels } = sharedBy(client);
  const keys = keysOf(key, commands.keyPrefix);
  mustLie('leaseMs', leaseMs, 100);
  mustLie('answerMs', answerMs, 10);
  if (typeof by !== 'string') throw new TypeError('redisStore: by must be a string');
  const questions = createQuestions(commands, keys, answerMs);
  const { ask } = questions;
  const replaced = (text: string): Observable<Answer> =>
    ask(READ).pipe(
      concatMap((found) =>
        ask(REPLACE, ...seenIn(found), text, keys.channel, corruptTextIn(found), String(KEEP_CORRUPT_MS)),
      ),
      repeat(LOOKS),
      filter((answer) => !isNo((answer as Answer[])[0] ?? 0)),
      take(1),
      throwIfEmpty(() => new StoreError('store_unwritable', `Redis: cannot write ${key} (others always do)`)),
    );

  const site: Site = { keys, leaseMs, by, channels, ...questions };

  return {
    read: () => ask(READ).pipe(map((found) => snapshotFrom(found, key))),
    write: (next, expected) =>
      defer(() => {
        const text = textOf(next);
        const isAny = expected === ANY_VERSION;
        const answer$ = isAny ? replaced(text) : ask(COMPARE_AND_SET, expected, text, keys.channel);
        return answer$.pipe(
          map((answer): WriteResult => {
            const [written = 0, ...found] = answer as Answer[];
            return { written: !isNo(written), snapshot: snapshotFrom(found, key) };
          }),
        );
      }),
    changes$: concealed(channels(keys.channel).pipe(filter((said) => said !== FREED))),
    lock: redisLock(site),
  };
}

function mustLie(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > LONGEST_DELAY_MS) {
    throw new RangeError(`redisStore: ${name} must be a whole number from ${least} to ${LONGEST_DELAY_MS}`);
  }
}
