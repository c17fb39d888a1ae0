import { concatMap, defer, map, NEVER, of, tap, type Observable } from 'rxjs';
import { concealed } from '../concealed.js';
import {
  ANY_VERSION,
  NO_VERSION,
  type CredentialStore,
  type Snapshot,
  type Version,
  type WriteResult,
} from '../contracts.js';
import { asCredentials, assertCredentials, type Credentials } from '../credentials.js';
import { fingerprint, pairFingerprint } from '../fingerprint.js';
import { advisoryLock } from './advisoryLock.js';
import { createHearing, type Hearing } from './hearing.js';
import { listening } from './listener.js';
import type { PostgresListener, PostgresPool, Untyped } from './pool.js';
import { snapshotOf } from './record.js';
import { sharedBy } from './shared.js';
import { ask, type Site } from './site.js';
import { statementsOn } from './statements.js';
import { DEFAULT_TABLE, tableNamed } from './table.js';

export interface PostgresStoreOptions {
  /** A name, or `schema.name`; upper and lower case are told apart. Default `rx_token_credentials`. */
  readonly table?: string | undefined;
  /** Whether to make the table where it is missing. Default false: put `credentialTable()` in your migrations. */
  readonly create?: boolean | undefined;
  /**
   * Makes the client, not connected yet, on which this process hears of the changes of others: one for each pool
   * and table, of the first store that listens. Default: another client like those of the pool. It has to reach
   * the server itself, and not through a pooler that gives each transaction another connection. `false`: listens
   * to nobody; what others wrote is found when the token is due, or rejected.
   */
  readonly listen?: (() => PostgresListener) | false | undefined;
}

/**
 * Credentials in a table of PostgreSQL 11 or later, shared by any number of machines.
 *
 * - A row for each key: the record as `json`, with what other tools put there. Signed out, it is removed.
 * - Every write is one statement, which replaces the record if it is still the one that was read, and is durable
 *   when it has answered, even where the server is set to `synchronous_commit = off`.
 * - Refreshes are serialised by an advisory lock of a transaction, on a connection that is out of the pool for as
 *   long as a refresh takes: nobody takes it from a process that is slow or stopped, and it is free when that
 *   process, or its connection, ends. At most all but one of the connections of a pool are out for that.
 * - `LISTEN`/`NOTIFY` tells of the changes of others, over one connection beside the pool, for all keys.
 *
 * {@link StoreError}: `store_unreadable`; `store_corrupt`, which stays until `set()` or `clear()`;
 * `store_unwritable`; `reason` is the SQLSTATE, or the code of the system.
 *
 * @param pool a `Pool` of `pg`, with a `max` of at least 2; it stays yours to end
 * @param key names the credential within the table: up to 500 characters
 */
export function postgresStore(
  pool: PostgresPool,
  key: string,
  options: PostgresStoreOptions = {},
): CredentialStore {
  const site = siteFrom(pool, key, options);
  const { statements, table } = site;
  const topic = fingerprint(key);
  const hearing = hearingFor(site, options.listen);
  const read = (): Observable<Snapshot> =>
    ask(site, 'store_unreadable', statements.read).pipe(map(([row]) => snapshotOf(row, table.name)));

  return {
    read,
    write: (next, expected) =>
      defer(() => {
        const [statement, ...values] = writing(site, next, expected);
        return ask(site, 'store_unwritable', statement, [topic, ...values]);
      }).pipe(
        concatMap(([row]): Observable<WriteResult> => {
          if (row) return of({ written: true, snapshot: snapshotOf(next ? row : undefined, table.name) });
          return read().pipe(
            map((snapshot) => ({ written: isSignedOut(next, expected, snapshot), snapshot })),
          );
        }),
        tap(({ written }) => {
          if (written && options.listen === false) hearing.tell(topic);
        }),
      ),
    changes$: concealed(defer(() => hearing.about(topic))),
    lock: advisoryLock(site),
  };
}

/** The statement, and its values after the key and the topic. */
function writing(
  { statements }: Site,
  next: Credentials | null,
  expected: Version,
): [statement: string, ...values: string[]] {
  if (next === null) return expected === ANY_VERSION ? [statements.erase] : [statements.eraseIf, expected];
  assertCredentials(next, 'write(credentials)');
  const record = asCredentials(next);
  const text = JSON.stringify(record);
  if (expected === ANY_VERSION) return [statements.put, text];
  if (expected === NO_VERSION) return [statements.putFirst, text];
  return [statements.putNext, text, expected, pairFingerprint(record)];
}

/** Where nothing was written: whether nothing was to be. */
function isSignedOut(next: Credentials | null, expected: Version, { version }: Snapshot): boolean {
  return next === null && [ANY_VERSION, NO_VERSION].includes(expected) && version === NO_VERSION;
}

const MAX_KEY_LENGTH = 500;

function siteFrom(pool: PostgresPool, key: string, options: PostgresStoreOptions): Site {
  if (typeof (pool as Partial<PostgresPool> | null)?.connect !== 'function') {
    throw new TypeError('postgresStore: pool must be a Pool of pg');
  }
  const max = (pool as Partial<PostgresPool>).options?.max;
  if (typeof max !== 'number' || !(max >= 2)) {
    throw new RangeError(
      'postgresStore: pool.max must be at least 2: a refresh takes a connection for its lock, and one to write',
    );
  }
  // PostgreSQL has no NUL in a text, and no halves of characters: two keys would become one
  if (typeof key !== 'string' || key === '' || /\0|\p{Surrogate}/u.test(key)) {
    throw new TypeError('postgresStore: key must be a non-empty string without NUL characters');
  }
  if (key.length > MAX_KEY_LENGTH) {
    throw new RangeError(`postgresStore: key must be of at most ${MAX_KEY_LENGTH} characters`);
  }
  const { create = false, listen } = options;
  if (typeof create !== 'boolean') throw new TypeError('postgresStore: create must be a boolean');
  if (listen !== undefined && listen !== false && typeof listen !== 'function') {
    throw new TypeError('postgresStore: listen must be a function that makes a client, or false');
  }
  const table = tableNamed(options.table ?? DEFAULT_TABLE);
  const shared = sharedBy(pool, max);
  const statements = shared.statements.get(table.quoted) ?? statementsOn(table); // some kB, and not for each key
  shared.statements.set(table.quoted, statements);
  return { pool, shared, table, statements, key, create };
}

/** One for each channel of a pool, and one for those who listen to nobody else. */
function hearingFor({ pool, shared, table }: Site, listen: PostgresStoreOptions['listen']): Hearing {
  const name = listen === false ? `${table.channel}, here` : table.channel;
  const hearing =
    shared.hearings.get(name) ??
    createHearing(listen === false ? NEVER : listening(listen ?? clientOf(pool), table.channel));
  shared.hearings.set(name, hearing);
  return hearing;
}

/** Makes another client like those of a pool. */
function clientOf(pool: PostgresPool): () => PostgresListener {
  const { Client } = pool as Untyped;
  if (!Client) {
    throw new TypeError(
      'postgresStore: listen must be given, as this pool does not say what it makes clients of',
    );
  }
  return () => new Client(pool.options);
}
