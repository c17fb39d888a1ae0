import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { credentialTable } from 'rx-token/postgres';
import { startPostgres } from '../../../spec/helpers/postgresServer.js';
import type { Backend, Found } from './backend.js';

const KEY = 'chaos';
const TABLE = 'rx_token_credentials';

/** A server of its own, with the durability that a new one has. */
export const postgres: Backend = {
  traits: ['server', 'lasting'],
  async start() {
    const server = await startPostgres({ fsync: 'on' });
    if (typeof server === 'string') throw new Error(server);
    const pool = new Pool({ connectionString: server.url, max: 3 });
    pool.on('error', () => undefined);
    await pool.query(credentialTable(TABLE));

    /** Through a restart, if need be. */
    async function ask<Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> {
      for (;;) {
        try {
          return (await pool.query<Row>(text, values)).rows;
        } catch (error) {
          if (pool.ending || (error as { severity?: string }).severity === 'ERROR') throw error;
          await pause(20);
        }
      }
    }
    const client = `backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    async function look(): Promise<Found> {
      const [row] = await ask<{ credentials: unknown }>(
        `SELECT credentials FROM ${TABLE} WHERE key = $1`,
        KEY,
      );
      const { access_token: access, refresh_token: refresh } = Object(row?.credentials) as Record<
        string,
        unknown
      >;
      if (typeof access !== 'string' || typeof refresh !== 'string') return 'it holds no tokens';
      return { access, refresh };
    }

    return {
      describe: () => ({ kind: 'postgres', url: server.url, key: KEY }),
      look,
      async saved() {
        const found = await look();
        return typeof found === 'string' ? [] : [found.refresh];
      },
      async leftovers() {
        const rows = await ask<{ what: string }>(
          `SELECT key AS what FROM ${TABLE} WHERE key <> $1 UNION ALL
           SELECT 'a lock' FROM pg_locks WHERE locktype = 'advisory'`,
          KEY,
        );
        return rows.map(({ what }) => what);
      },
      server: {
        kill: () => server.stop('kill'),
        restart: () => server.start(),
        async cut() {
          await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${client}`);
        },
        async listeners() {
          return (await ask(`SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND ${client}`)).length;
        },
      },
      async close() {
        await pool.end();
        await server.dispose();
      },
    };
  },
};
