import { NO_VERSION } from '../contracts.js';
import type { Table } from './table.js';

/** Of the record, whether it is `json`, `jsonb` or `text`: what others sign out by writing is no record. */
const VERSION = `CASE
  WHEN coalesce(held.credentials::text, '') ~ '^[[:space:]]*(null|[{][[:space:]]*[}])?[[:space:]]*$' THEN '${NO_VERSION}'
  ELSE left(encode(sha256(convert_to(held.credentials::text, 'UTF8')), 'hex'), 24) END`;

const COLUMNS = `held.credentials::text AS credentials, held.notes::text AS notes, ${VERSION} AS version`;

/** Beside what a statement answers: it does not answer before it is on the disk, whatever the server is set to. */
const DURABLY = `CASE WHEN current_setting('synchronous_commit') = 'off'
  THEN set_config('synchronous_commit', 'local', true) END AS synchronous_commit`;

/** Ours, unless somebody has put there what is no object. */
const NOTES = `CASE WHEN jsonb_typeof(held.notes) = 'object' THEN held.notes ELSE '{}' END`;

const NOW_MS = `extract(epoch FROM clock_timestamp()) * 1000`;

/** How long a connection that got the lock may leave it unsaid, in ms: a process that was stopped while it waited. */
const UNSAID_MS = 5_000;

/** Of the transaction that waits for the lock: a wait as long as told, a stay without end, a name for people. */
export function begin(waitMs: number, processName: string): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = ${waitMs};
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = ${UNSAID_MS};
SET LOCAL application_name = 'rx-token ${processName}';
SELECT CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL
  THEN set_config('transaction_timeout', '0', true) END`;
}

/** Every statement about one row: `$1` is its key. The name of the table is the only thing that is spliced in. */
export function statementsOn({ quoted, channel }: Table) {
  /** 64 bits of the table, by whatever path it was found, and of the key. */
  const lockId = `hashtextextended($1::text, '${quoted}'::regclass::oid::bigint)`;
  const isOurLock = `l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32 | l.objid::bigint) = ${lockId}`;
  const holds = (pid: string): string =>
    `EXISTS (SELECT FROM pg_locks l WHERE ${isOurLock} AND l.pid = ${pid})`;
  /** The row that was written, and its announcement: `$2` is the topic. */
  const written = (change: string): string =>
    `WITH written AS (${change} RETURNING held.*)
     SELECT ${COLUMNS}, pg_notify('${channel}', $2::text) AS told, ${DURABLY} FROM written AS held`;
  const upsert = `INSERT INTO ${quoted} AS held (key, credentials) VALUES ($1, $3)
     ON CONFLICT (key) DO UPDATE SET credentials = excluded.credentials, notes = NULL`;
  const note = (change: string, where: string): string =>
    `UPDATE ${quoted} AS held SET notes = ${change} WHERE held.key = $1 AND ${where}`;
  const isOurLease = `held.notes->'lease'->>'id' = $2::text`;

  return {
    isThere: `SELECT to_regclass('${quoted}') IS NOT NULL AS yes`,
    read: `SELECT ${COLUMNS} FROM ${quoted} AS held WHERE held.key = $1`,

    /** `$3`: the record. */
    put: written(upsert),
    putFirst: written(`${upsert} WHERE ${VERSION} = '${NO_VERSION}'`),
    /** `$4`: the version expected; `$5`: the pair written, which voids the journal of another one. */
    putNext: written(
      `UPDATE ${quoted} AS held SET credentials = $3, notes = CASE
         WHEN held.notes->'pending'->>'pair' = $5::text THEN held.notes ELSE (${NOTES}) - 'pending' - 'lease' END
       WHERE held.key = $1 AND ${VERSION} = $4::text`,
    ),
    erase: written(`DELETE FROM ${quoted} AS held WHERE held.key = $1`),
    /** `$3`: the version expected. */
    eraseIf: written(`DELETE FROM ${quoted} AS held WHERE held.key = $1 AND ${VERSION} = $3::text`),

    lock: `SELECT pg_advisory_xact_lock(${lockId})`,
    /** Once it is ours: says so to the server. */
    enter: `SELECT set_config('idle_in_transaction_session_timeout', '0', true), pg_backend_pid() AS pid,
      pg_backend_pid() || '@' || extract(epoch FROM now()) AS lease,
      coalesce(' at ' || host(inet_client_addr()), '') AS place`,
    /** Beside that transaction, which never touches the table: a migration would wait for it, and all for that. */
    look: `SELECT ${COLUMNS}, ${NOW_MS} AS now FROM ${quoted} AS held WHERE held.key = $1`,
    isHeld: `SELECT ${holds('pg_backend_pid()')} AS yes`,
    holder: `SELECT a.application_name || coalesce(' at ' || host(a.client_addr), '') AS by,
      extract(epoch FROM a.state_change) * 1000 AS since
      FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE ${isOurLock}`,

    /** `$2`: a lease whose holder has vanished: since now, for all who will wait for it. */
    suspect: note(`jsonb_set(held.notes, '{lease,since}', to_jsonb(${NOW_MS}))`, isOurLease),

    /**
     * `$2`: the lease; `$3`: the journal; `$4`: whose the lock must be. For one pair of tokens there is one wait for
     * those who vanish, however many do: a provider that forgives a reuse does so for a while only.
     */
    journal: `WITH before AS (SELECT notes::text FROM ${quoted} WHERE key = $1), noted AS (
      ${note(
        `(${NOTES}) || jsonb_build_object('pending', $3::jsonb, 'lease', jsonb_strip_nulls(jsonb_build_object(
           'id', $2::text, 'since', CASE WHEN held.notes->'pending'->>'pair' = $3::jsonb->>'pair'
             THEN held.notes->'lease'->'since' END)))`,
        holds('$4::int'),
      )} RETURNING 1)
      SELECT before.notes, ${DURABLY} FROM noted, before`,
    /** `$2`: the lease; `$3`: the journal to go back to, if any. */
    acquit: note(
      `(held.notes - 'pending' - 'lease') || jsonb_strip_nulls(jsonb_build_object('pending', $3::jsonb))`,
      isOurLease,
    ),
    /** `$2`: the lease, which its holder has left in good order. */
    leave: note(`held.notes - 'lease'`, isOurLease),
    /** `$2`: the fingerprint of the token. */
    condemn: `WITH noted AS (
      ${note(`(${NOTES}) || jsonb_build_object('dead', $2::text)`, 'true')} RETURNING 1)
      SELECT ${DURABLY} FROM noted`,
  };
}

export type Statements = ReturnType<typeof statementsOn>;
