import { afterAll, afterEach, describe, it } from '@jest/globals';
import { Pool, type PoolConfig } from 'pg';
import { credentialTable } from 'rx-token/postgres';
import { startPostgres, type PostgresServer } from './postgresServer.js';

export interface PostgresBench {
  readonly server: PostgresServer;
  /** A pool that is ended after the test, as another process would have one. */
  pool(config?: PoolConfig): Pool;
  /** A table of its own, by its name. */
  table(): Promise<string>;
  /** While `step` runs, what is written to the table fails as with a full disk. */
  fullDisk(table: string, step: () => Promise<unknown>): Promise<void>;
  /** Asks the server itself; the rows. */
  ask<T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]>;
}

/**
 * Describes something about a real server, one for the file. Where there is none it is skipped, and says so;
 * with `REQUIRE_SERVICES=1` that is a failure. To be awaited at the top of a spec file.
 */
export async function withPostgres(
  name: string,
  specs: (bench: PostgresBench) => void,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  const server = await startPostgres(settings);
  if (typeof server === 'string') {
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(server);
    console.warn(`\n*** SKIPPED: ${name}: ${server}. REQUIRE_SERVICES=1 makes this a failure. ***\n`);
    describe.skip(`${name} (${server})`, () => it('needs a server', () => undefined));
    return;
  }

  const pools: Pool[] = [];
  const tables: string[] = [];
  const admin = new Pool({ connectionString: server.url, max: 2 });
  admin.on('error', () => undefined);
  const bench: PostgresBench = {
    server,
    pool(config) {
      const pool = new Pool({ connectionString: server.url, ...config });
      pools.push(pool);
      return pool;
    },
    async table() {
      const table = `credentials_${process.pid}_${tables.length}_${Date.now().toString(36)}`;
      await admin.query(credentialTable(table));
      tables.push(table);
      return table;
    },
    async fullDisk(table, step) {
      await admin.query(`CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file of a secret' USING ERRCODE = '53100'; END $$`);
      await admin.query(
        `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON "${table}" EXECUTE FUNCTION full_disk()`,
      );
      try {
        await step();
      } finally {
        await admin.query(`DROP TRIGGER full_disk ON "${table}"`);
      }
    },
    ask: async <T>(text: string, ...values: unknown[]) => (await admin.query(text, values)).rows as T[],
  };

  describe(name, () => {
    afterEach(async () => {
      await Promise.all(pools.splice(0).map((pool) => pool.end()));
    });
    afterAll(async () => {
      if (!server.isOurs) for (const table of tables) await admin.query(`DROP TABLE IF EXISTS "${table}"`);
      await admin.end();
      await server.dispose();
    });
    specs(bench);
  });
}
