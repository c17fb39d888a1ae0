import { it } from '@jest/globals';
import { noop } from 'rxjs';
import { postgresStore } from '../../src/postgres/index.js';
import { storeContract } from '../../src/testing/index.js';
import { withPostgres } from '../helpers/withPostgres.js';

await withPostgres('postgresStore', ({ server, pool, table }) => {
  const contract = storeContract({
    async create() {
      const options = { table: await table() };
      const storeOfAProcess = () => postgresStore(pool({ max: 3 }), 'a key', options);
      return {
        store: storeOfAProcess(),
        sibling: storeOfAProcess(),
        reopen: storeOfAProcess,
        async disturb() {
          await server.stop('immediate');
          return () => server.start();
        },
      };
    },
    cannot: {
      synchronousLock: 'the server is asked',
      ...(!server.isOurs && { disturbance: 'the server is not ours to stop' }),
    },
    deadlineMs: 20_000, // a busy machine is slow, not wrong
  });
  for (const law of contract) it(law.name, law.run);
  for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
});
