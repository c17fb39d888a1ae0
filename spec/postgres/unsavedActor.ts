import { Pool } from 'pg';
import { createTokenManager } from '../../src/index.js';
import { postgresStore } from '../../src/postgres/index.js';
import { obey } from '../helpers/obey.js';

// argv: the url, the table, the key
const [url, table, key] = process.argv.slice(2) as [string, string, string];
const pool = new Pool({ connectionString: url, max: 3, allowExitOnIdle: true });
const tokens = createTokenManager({
  store: postgresStore(pool, key, { table, listen: false }),
  refresh: () => ({ access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 }),
});

obey({
  token: () => tokens.getValidToken(),
  disconnect: () => process.disconnect(),
});
