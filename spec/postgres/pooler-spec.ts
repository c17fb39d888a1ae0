import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { noop } from 'rxjs';
import { Client } from 'pg';
import { postgresStore } from '../../src/postgres/index.js';
import { storeContract } from '../../src/testing/index.js';
import { hasPgBouncer, startPgBouncer, type PgBouncer } from '../helpers/pgBouncer.js';
import { withPostgres } from '../helpers/withPostgres.js';

const isExpected = hasPgBouncer || process.env['REQUIRE_SERVICES'] === '1';
if (!isExpected)
  console.warn('\n*** SKIPPED: no pgbouncer on the PATH. REQUIRE_SERVICES=1 makes this a failure. ***\n');

await withPostgres('postgresStore behind PgBouncer', ({ server, table, pool }) => {
  (isExpected ? describe : describe.skip)('in transaction mode, listening directly', () => {
    let bouncer: PgBouncer;
    beforeAll(async () => {
      bouncer = await startPgBouncer(server.url);
    });
    afterAll(() => bouncer.dispose());

    const contract = storeContract({
      async create() {
        const listen = () => new Client({ connectionString: server.url });
        const options = { table: await table(), listen };
        const storeOfAProcess = () =>
          postgresStore(pool({ max: 3, connectionString: bouncer.url }), 'a key', options);
        return {
          store: storeOfAProcess(),
          sibling: storeOfAProcess(),
          reopen: storeOfAProcess,
          async disturb() {
            await bouncer.kill();
            return () => bouncer.start();
          },
        };
      },
      cannot: { synchronousLock: 'the server is asked' },
      deadlineMs: 20_000, // a busy machine is slow, not wrong
    });
    for (const law of contract) it(law.name, law.run);
    for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
  });
});
