import { StoreError, TokenError } from '../errors.js';

const MEANINGS: Record<string, string> = {
  '42P01': 'there is no such table; create it (credentialTable() is its DDL), or pass create: true',
  '42703': 'the table has other columns; see credentialTable()',
  '3F000': 'there is no such schema',
  '42501': 'this role has no permission; grant it SELECT, INSERT, UPDATE and DELETE',
  '25006': 'the server is read-only, such as a standby; connect to the primary',
  '28P01': 'the password is wrong',
  '28000': 'this role may not log in',
  '3D000': 'there is no such database',
  '53100': 'its disk is full; free some space',
  '53300': 'it has too many clients; lower pool.max or raise max_connections',
  '57P01': 'the server is shutting down',
  '57P03': 'the server is starting up',
  ETIMEDOUT: 'it does not answer',
  ECONNREFUSED: 'nobody listens there',
};

/** A code of the server (SQLSTATE) or of the system, if an error has one. */
export function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' && /^([0-9A-Z]{5}|E[A-Z_]+)$/.test(code) ? code : undefined;
}

/** Of connections that the server ends, or has ended. */
const ENDS_CONNECTION = /^(08|57P|25P0[34])/;

/** True where the server said no to a statement, and goes on. How bad it is, it says in its own language (`FEHLER`). */
export function isRefusal(error: unknown): boolean {
  const { severity } = Object(error) as { severity?: unknown };
  const isOfServer = typeof severity === 'string' && !['FATAL', 'PANIC'].includes(severity);
  return isOfServer && !ENDS_CONNECTION.test(codeOf(error) ?? '');
}

/** What PostgreSQL or the way to it said, as an error that quotes nothing of it and says what to do. */
export function pgError(
  code: 'store_unreadable' | 'store_unwritable',
  table: string,
  error: unknown,
): TokenError {
  if (error instanceof TokenError) return error;
  const reason = codeOf(error);
  const deed = code === 'store_unreadable' ? 'read' : 'write';
  const meaning = MEANINGS[reason ?? ''] ?? 'PostgreSQL failed, or is not to be reached';
  return new StoreError(
    code,
    `Cannot ${deed} the table ${table}: ${meaning} (${reason ?? 'no code'})`,
    reason,
  );
}
