export type { PostgresClient, PostgresListener, PostgresPool } from './pool.js';
export { postgresStore, type PostgresStoreOptions } from './postgresStore.js';
export { credentialTable } from './table.js';
