import { EventEmitter } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { firstValueFrom, from, type ObservableInput } from 'rxjs';
import { ANY_VERSION, NO_VERSION } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { StoreError } from '../../src/errors.js';
import { credentialTable, postgresStore } from '../../src/postgres/index.js';
import { until } from '../helpers/until.js';
import { waitFor } from '../helpers/waiter.js';
import { withPostgres } from '../helpers/withPostgres.js';

const ONE: Credentials = { access_token: 'a1', refresh_token: 'r1' };
const TWO: Credentials = { access_token: 'a2', refresh_token: 'r2' };
const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });
const failure = (work: Promise<unknown>): Promise<StoreError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as StoreError,
  );

describe('the options of postgresStore', () => {
  const pool = new Pool({ max: 2 }); // never connects

  it.each<[string, () => unknown, ErrorConstructor, RegExp]>([
    ['no pool', () => postgresStore(null as never, 'key'), TypeError, /pool must be a Pool/],
    [
      'a pool of another kind',
      () => postgresStore({ connect: () => undefined } as never, 'key'),
      RangeError,
      /pool\.max/,
    ],
    [
      'a pool of one',
      () => postgresStore(new Pool({ max: 1 }), 'key'),
      RangeError,
      /pool\.max must be at least 2/,
    ],
    ['no key', () => postgresStore(pool, ''), TypeError, /key must be/],
    ['a key with a NUL', () => postgresStore(pool, 'a\0b'), TypeError, /key must be/],
    ['a key that is no text', () => postgresStore(pool, 'a\ud800'), TypeError, /key must be/],
    ['a long key', () => postgresStore(pool, 'k'.repeat(501)), RangeError, /key must be.* 500/],
    ['a table of no name', () => postgresStore(pool, 'key', { table: '' }), TypeError, /table must be/],
    ['create', () => postgresStore(pool, 'key', { create: 'yes' as never }), TypeError, /create must be/],
    ['listen', () => postgresStore(pool, 'key', { listen: true as never }), TypeError, /listen must be/],
    [
      'a pool that does not say its class',
      () => postgresStore(Object.assign(new Pool({ max: 2 }), { Client: undefined }), 'key'),
      TypeError,
      /listen must be given/,
    ],
  ])('name what is wrong with %s', (_what, create, type, message) => {
    expect(create).toThrow(type);
    expect(create).toThrow(message);
  });

  it.each([
    'a"b',
    "a'b",
    'a\\b',
    'a b',
    'a;b',
    'a.b.c',
    '.a',
    'a.',
    '1a',
    'a\nb',
    'x'.repeat(64),
    'ö'.repeat(32),
    7,
    null,
  ])('refuse %j as the name of a table', (table) => {
    expect(() => credentialTable(table as string)).toThrow(TypeError);
    if (table === null) return; // the default, there
    expect(() => postgresStore(pool, 'key', { table: table as string })).toThrow(/table must be/);
  });

  it('touch nothing at creation', () => {
    postgresStore(pool, 'key');
    expect(pool.totalCount).toBe(0);
  });
});

await withPostgres(
  'postgresStore, in a real table',
  ({ server, pool, table: tableOfItsOwn, ask, fullDisk }) => {
    const bench = async (max?: number) => {
      const table = await tableOfItsOwn();
      const ours = pool({ max: max ?? 4 });
      const store = (key = 'key') => postgresStore(ours, key, { table });
      return { table, ours, store };
    };
    const put = (table: string, key: string, record: unknown) =>
      ask(
        `INSERT INTO "${table}" VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET credentials = excluded.credentials`,
        key,
        record,
      );

    it.each([
      ['a plain one', 'user 1'],
      ['one that would be SQL', `'; DROP TABLE credentials; --`],
      ['quotes of every kind', `"'$$\`$1%s\\`],
      ['what a pattern would be', '%_.*'],
      ['one beyond ASCII', 'Zoë 🦉 ﷽'],
      ['a long one', '🦉'.repeat(250)],
    ])('keeps %s as a key, and only that', async (_what, key) => {
      const { store, table } = await bench();
      await done(store('another').write(TWO, ANY_VERSION));
      await done(store(key).write(ONE, NO_VERSION));
      expect((await done(store(key).read())).credentials).toEqual(ONE);
      const turn = waitFor(store(key));
      await until(() => turn.at > 0);
      const { version } = await done(store(key).read());
      await done(turn.lease!.prepare(ONE, version, 5, 9));
      await done(turn.lease!.condemn(ONE));
      await done(turn.lease!.acquit());
      expect(await done(store(key).lock.holder!())).not.toBeNull();
      turn.subscription.unsubscribe();
      await done(store(key).write(null, ANY_VERSION));
      expect(await ask(`SELECT key FROM "${table}"`)).toEqual([{ key: 'another' }]);
      expect((await done(store('another').read())).dead).toBeUndefined();
    });

    it.each(['Weird-$name_1', 'übung', 'x'.repeat(63), 'select'])(
      'keeps a table named %s, in any schema',
      async (name) => {
        await ask(`CREATE SCHEMA IF NOT EXISTS "Other-$schema"`);
        for (const table of [name, `Other-$schema.${name}`]) {
          await ask(credentialTable(table));
          await ask(credentialTable(table)); // does no harm
          const store = postgresStore(pool(), table, { table });
          expect((await done(store.write(ONE, NO_VERSION))).written).toBe(true);
          expect((await done(store.read())).credentials).toEqual(ONE);
          const [row] = await ask(
            `SELECT key FROM ${table
              .split('.')
              .map((part) => `"${part}"`)
              .join('.')}`,
          );
          expect(row).toEqual({ key: table });
        }
        await ask(`DROP TABLE "${name}"`);
        await ask(`DROP SCHEMA "Other-$schema" CASCADE`);
      },
    );

    it('notices a foreign writer, keeps what it put there, and lets nobody write over it unseen', async () => {
      const { store, table } = await bench();
      const { version } = (await done(store().write(ONE, NO_VERSION))).snapshot;
      await ask(`UPDATE "${table}" SET credentials = '{ "access_token": "a1", "theirs": 1 }'`);
      const refused = await done(store().write(TWO, version));
      expect(refused).toMatchObject({
        written: false,
        snapshot: { credentials: { access_token: 'a1', theirs: 1 } },
      });
      expect((await done(store().write({ ...TWO, theirs: 1 }, refused.snapshot.version))).written).toBe(true);
      const [row] = await ask(`SELECT credentials FROM "${table}"`);
      expect(row).toEqual({ credentials: { ...TWO, theirs: 1 } });
    });

    it.each([[null], ['null'], ['{}'], [' { } ']])('reads %j of others as signed out', async (record) => {
      const { store, table } = await bench();
      await put(table, 'key', record);
      expect(await done(store().read())).toEqual({ credentials: null, version: NO_VERSION });
      expect((await done(store().write(null, NO_VERSION))).written).toBe(true);
      await put(table, 'key', record);
      expect((await done(store().write(ONE, NO_VERSION))).written).toBe(true);
      expect((await done(store().read())).credentials).toEqual(ONE);
    });

    it.each(['"text"', '[]', '7', '{ "access_token": "" }', '{ "refresh_token": "a secret" }'])(
      'reports %s as corrupt, and leaves it until somebody signs in',
      async (record) => {
        const { store, table } = await bench();
        await put(table, 'key', record);
        const errors = [
          await failure(done(store().read())),
          await failure(done(store().write(TWO, NO_VERSION))),
          await failure(done(store().write(TWO, 'x'))),
        ];
        for (const error of errors) {
          expect(error).toMatchObject({ code: 'store_corrupt' });
          expect(`${error.message} ${error.stack}`).not.toContain('secret');
        }
        expect(
          (await ask<{ text: string }>(`SELECT credentials::text AS text FROM "${table}"`))[0]?.text,
        ).toBe(record);
        expect((await done(store().write(ONE, ANY_VERSION))).written).toBe(true);
        expect((await done(store().read())).credentials).toEqual(ONE);
      },
    );

    it.each(['jsonb', 'text'])(
      'works on a column of type %s, where somebody has altered it',
      async (type) => {
        const { store, table } = await bench();
        await ask(`ALTER TABLE "${table}" ALTER credentials TYPE ${type} USING credentials::${type}`);
        const { snapshot } = await done(store().write({ ...ONE, z: 1, a: { b: [2] } }, NO_VERSION));
        expect(await done(store().read())).toEqual(snapshot);
        expect((await done(store().write(TWO, snapshot.version))).written).toBe(true);
        if (type === 'text') {
          await put(table, 'key', '{ "access_token": "a sec');
          expect(await failure(done(store().read()))).toMatchObject({ code: 'store_corrupt' });
        }
      },
    );

    it.each([['"garbage"'], ['{ "pending": 7, "dead": {}, "lease": [] }'], ['[1]'], [null]])(
      'reads %s as no notes, and writes over them',
      async (notes) => {
        const { store, table } = await bench();
        const { version } = (await done(store().write(ONE, NO_VERSION))).snapshot;
        await ask(`UPDATE "${table}" SET notes = $1`, notes);
        expect(await done(store().read())).toEqual({ credentials: ONE, version });
        const turn = waitFor(store());
        await until(() => turn.at > 0);
        expect((await done(store().write({ ...ONE, other: 1 }, version))).written).toBe(true);
        await done(turn.lease!.prepare(ONE, version, 5, Date.now() + 9));
        expect((await done(store().read())).pending).toMatchObject({ sentAt: 5 });
        turn.subscription.unsubscribe();
      },
    );

    it('keeps an answer lost that was lost before', async () => {
      const { store } = await bench();
      const { version } = (await done(store().write(ONE, NO_VERSION))).snapshot;
      const first = waitFor(store());
      await until(() => first.at > 0);
      await done(first.lease!.prepare(ONE, version, 5, 9));
      first.subscription.unsubscribe();
      const second = waitFor(store());
      await until(() => second.at > 0);
      await done(second.lease!.prepare(ONE, version, 7, 9));
      await done(second.lease!.acquit());
      expect((await done(store().read())).pending).toMatchObject({ sentAt: 5 });
      second.subscription.unsubscribe();
    });

    it('strikes out the journal of nobody else', async () => {
      const { store } = await bench();
      const { version } = (await done(store().write(ONE, NO_VERSION))).snapshot;
      const first = waitFor(store());
      await until(() => first.at > 0);
      await done(first.lease!.prepare(ONE, version, 5, 9));
      const { lease } = first;
      first.subscription.unsubscribe();
      const second = waitFor(store());
      await until(() => second.at > 0);
      await done(second.lease!.prepare(ONE, version, 7, 9));
      await done(lease!.acquit()); // too late
      expect((await done(store().read())).pending).toMatchObject({ sentAt: 7 });
      second.subscription.unsubscribe();
    });

    it('makes its table when asked to, however many do at once, and not otherwise', async () => {
      const table = 'made when asked';
      expect(() => postgresStore(pool(), 'key', { table })).toThrow(/table must be/);
      const [missing, made] = ['not_made', 'made'];
      expect(await failure(done(postgresStore(pool(), 'key', { table: missing }).read()))).toMatchObject({
        code: 'store_unreadable',
        reason: '42P01',
        message: expect.stringContaining('credentialTable()'),
      });
      for (let round = 0; round < 5; round++) {
        const stores = Array.from({ length: 8 }, () =>
          postgresStore(pool({ max: 2 }), 'key', { table: made, create: true }),
        );
        const turn = waitFor(stores[0]!);
        await Promise.all(stores.map((store) => done(store.write(ONE, ANY_VERSION))));
        await until(() => turn.at > 0 || turn.error !== undefined);
        expect(turn.error).toBeUndefined();
        turn.subscription.unsubscribe();
        await ask(`DROP TABLE ${made}`);
      }
    });

    it('makes its table again when it was dropped meanwhile', async () => {
      const table = 'made_again';
      const store = postgresStore(pool({ max: 2 }), 'key', { table, create: true });
      const steps = [
        async () => expect((await done(store.write(ONE, ANY_VERSION))).written).toBe(true),
        async () => expect((await done(store.read())).credentials).toBeNull(),
        () => done(store.lock.hold(() => from(['inside']))),
      ];
      for (const step of steps) {
        await done(store.write(ONE, ANY_VERSION));
        await ask(`DROP TABLE ${table}`);
        await step();
      }
      await ask(`DROP TABLE ${table}`);
    });

    it('needs no right to make tables where there is one, and says which right is missing', async () => {
      const { table } = await bench();
      await ask(`CREATE ROLE modest LOGIN`);
      await ask(`GRANT SELECT ON "${table}" TO modest`);
      const modest = pool({ connectionString: server.url.replace('postgres@', 'modest@') });
      const store = postgresStore(modest, 'key', { table, create: true });
      expect((await done(store.read())).credentials).toBeNull();
      expect(await failure(done(store.write(ONE, NO_VERSION)))).toMatchObject({
        code: 'store_unwritable',
        reason: '42501',
        message: expect.stringContaining('grant'),
      });
      await ask(`GRANT INSERT, UPDATE, DELETE ON "${table}" TO modest`);
      const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
      const turn = waitFor(store);
      await until(() => turn.at > 0);
      await done(turn.lease!.prepare(ONE, version, 5, 9));
      expect(await done(store.lock.holder!())).not.toBeNull();
      turn.subscription.unsubscribe();
      await ask(`REVOKE ALL ON "${table}" FROM modest`);
      await ask(`DROP ROLE modest`);
    });

    it('understands a server that speaks another language', async () => {
      const { table } = await bench();
      const german = pool({ max: 2 });
      let removed = 0;
      const refusals: unknown[] = [];
      german.on('remove', () => removed++);
      german.on('connect', (client) => {
        const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>;
        const translated = (...given: unknown[]) =>
          query(...given).catch((error: unknown) => {
            refusals.push((error as { code: unknown }).code);
            throw Object.assign(error as Error, { severity: 'FEHLER' });
          });
        Object.assign(client, { query: translated });
      });
      const missing = waitFor(postgresStore(german, 'key', { table: 'not_made' }));
      await until(() => missing.error !== undefined);
      expect(missing.error).toMatchObject({ code: 'store_unreadable', reason: '42P01' });

      const holder = waitFor(postgresStore(pool(), 'key', { table }));
      await until(() => holder.at > 0);
      const before = removed;
      const waiter = waitFor(postgresStore(german, 'key', { table }));
      await until(() => removed > before || refusals.includes('55P03')); // it waited for a while
      expect(removed).toBe(before); // and keeps its connection
      holder.subscription.unsubscribe();
      await until(() => waiter.at > 0);
      waiter.subscription.unsubscribe();
    });

    it('says nothing of what the server said but its code', async () => {
      const { store, table } = await bench();
      await fullDisk(table, async () => {
        const error = await failure(done(store().write(ONE, NO_VERSION)));
        expect(error).toBeInstanceOf(StoreError);
        expect(error).toMatchObject({ code: 'store_unwritable', reason: '53100' });
        expect(error.message).toBe(
          `Cannot write the table ${table}: its disk is full; free some space (53100)`,
        );
        expect(error.cause).toBeUndefined();
      });
      expect((await done(store().write(ONE, NO_VERSION))).written).toBe(true);
    });

    it('is as good in a database that is stricter by default', async () => {
      const { table } = await bench();
      const options =
        '-c default_transaction_isolation=serializable -c statement_timeout=300 -c lock_timeout=50';
      const strict = () => postgresStore(pool({ options, max: 10 }), 'key', { table });
      const stores = [strict(), strict()];
      let { version } = (await done(stores[0]!.write(ONE, NO_VERSION))).snapshot;
      for (let round = 0; round < 5; round++) {
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, nth) =>
            done(stores[nth % 2]!.write({ ...TWO, round, nth }, version)),
          ),
        );
        expect(results.filter(({ written }) => written)).toHaveLength(1);
        version = results[0]!.snapshot.version;
      }
      const [first, second] = stores.map((store) => waitFor(store));
      await until(() => first!.at + second!.at > 0);
      await new Promise((settle) => setTimeout(settle, 700)); // longer than any of those timeouts
      expect([first!.error, second!.error]).toEqual([undefined, undefined]);
      const [inside, waiting] = first!.at > 0 ? [first!, second!] : [second!, first!];
      inside.subscription.unsubscribe();
      await until(() => waiting.at > 0);
      waiting.subscription.unsubscribe();
    });

    it('tries again what a stricter database refuses for having been too late', async () => {
      const { table } = await bench();
      const options = '-c default_transaction_isolation=repeatable\\ read';
      const store = postgresStore(pool({ options }), 'key', { table });
      const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
      const other = await pool().connect();
      await other.query('BEGIN');
      await other.query(`UPDATE "${table}" SET notes = '{}'`);
      const written = done(store.write(TWO, version));
      written.catch(() => undefined);
      await until(async () => (await ask(`SELECT FROM pg_locks WHERE NOT granted`)).length > 0);
      await other.query('COMMIT');
      other.release();
      expect(await written).toMatchObject({ written: true, snapshot: { credentials: TWO } });
    });

    it('takes all that JSON can hold', async () => {
      const { store } = await bench();
      const record = {
        ...ONE,
        nul: 'a\0b',
        half: '\ud800',
        deep: [{ 'a"b': null }],
        big: 'x'.repeat(100_000),
      };
      const { snapshot } = await done(store().write(record, NO_VERSION));
      expect(await done(store().read())).toEqual(snapshot);
      expect(snapshot.credentials).toEqual(record);
    });

    it('writes nothing for who has left before there was a connection', async () => {
      const { ours, store } = await bench(2);
      const taken = [await ours.connect(), await ours.connect()];
      const left = from(store().write(ONE, ANY_VERSION)).subscribe();
      await new Promise((settle) => setTimeout(settle, 50));
      left.unsubscribe();
      for (const client of taken) client.release();
      await done(store('another').write(TWO, NO_VERSION));
      expect((await done(store().read())).credentials).toBeNull();
    });
  },
);

await withPostgres(
  'what postgresStore has written',
  ({ pool, table: tableOfItsOwn, ask }) => {
    it('is on the disk when it has answered, whatever the server is set to', async () => {
      const table = await tableOfItsOwn();
      const store = postgresStore(pool(), 'key', { table, listen: false });
      const isSynced = async () =>
        (
          await ask<{ yes: boolean }>(
            `SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() AS yes`,
          )
        )[0]!.yes;
      await ask(`INSERT INTO "${table}" VALUES ('other', '{}')`);
      expect(await isSynced()).toBe(false); // the server would lose that
      const { version } = (await done(store.write(ONE, ANY_VERSION))).snapshot;
      expect(await isSynced()).toBe(true);
      const turn = waitFor(store);
      await until(() => turn.at > 0);
      for (const step of [
        () => turn.lease!.prepare(ONE, version, 5, Date.now() + 9),
        () => turn.lease!.condemn(ONE),
        () => store.write(TWO, version),
        () => store.write(null, ANY_VERSION),
      ]) {
        await ask(`UPDATE "${table}" SET notes = '{}' WHERE key = 'other'`);
        expect(await isSynced()).toBe(false);
        await done(step());
        expect(await isSynced()).toBe(true);
      }
      turn.subscription.unsubscribe();
    });
  },
  { synchronous_commit: 'off', wal_writer_delay: '10s', autovacuum: 'off', bgwriter_delay: '10s' },
);

describe('a server that is not there', () => {
  it('is an error that tells no secret', async () => {
    const pool = new Pool({ connectionString: 'postgres://someone:hunter2@127.0.0.1:1/database' });
    const store = postgresStore(pool, 'key');
    const turn = waitFor(store);
    const errors = [await failure(done(store.read())), await failure(done(store.write(ONE, ANY_VERSION)))];
    await until(() => turn.error !== undefined);
    for (const error of [...errors, turn.error as StoreError]) {
      expect(error).toBeInstanceOf(StoreError);
      expect(error.reason).toBe('ECONNREFUSED');
      expect(JSON.stringify([error, error.message, error.stack])).not.toMatch(/hunter2|someone/);
    }
    await pool.end();
  });

  it('is no event that nobody listens to, when it goes away while it is handed over', async () => {
    const client = Object.assign(new EventEmitter(), {
      query: () => Promise.reject(new Error('not queryable')),
      release: () => undefined,
    });
    let unheard: unknown;
    const pool = Object.assign(new Pool({ max: 2 }), {
      connect(callback: (error: undefined, given: typeof client) => void) {
        callback(undefined, client);
        try {
          client.emit('error', new Error('terminating connection')); // as in one and the same packet
        } catch (error) {
          unheard = error;
        }
      },
    });
    expect(await failure(done(postgresStore(pool as never, 'key').read()))).toMatchObject({
      code: 'store_unreadable',
    });
    expect(unheard).toBeUndefined();
    expect(client.listenerCount('error')).toBe(0);
  });

  it('is an error in time when it says nothing at all', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((settle) => silent.listen(0, '127.0.0.1', settle));
    const { port } = silent.address() as { port: number };
    const pool = new Pool({ host: '127.0.0.1', port, user: 'x', connectionTimeoutMillis: 60_000 });
    const error = await failure(done(postgresStore(pool, 'key').read()));
    expect(error).toMatchObject({ code: 'store_unreadable', reason: 'ETIMEDOUT' });
    silent.close();
    for (const socket of sockets) socket.destroy();
    await pool.end();
  }, 30_000);
});
