import { postgresStore } from 'rx-token/postgres';
import type { OpenedStore } from './openStore.js';
import { withIdle } from './withIdle.js';

export interface PostgresDescription {
  readonly kind: 'postgres';
  readonly url: string;
  readonly key: string;
}

export async function openPostgres({ url, key }: PostgresDescription): Promise<OpenedStore> {
  const { default: pg } = await import('pg'); // here, and not above: other stores do without
  const pool = new pg.Pool({ connectionString: url, max: 4, allowExitOnIdle: true });
  const { store, idle } = withIdle(postgresStore(pool, key));
  return {
    store,
    another: (other) => postgresStore(pool, other),
    async close() {
      await idle();
      await pool.end();
    },
  };
}
