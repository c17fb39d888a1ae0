import { catchError, concatMap, defer, Observable, of, retry, throwError, timeout } from 'rxjs';
import { codeOf, pgError } from './pgError.js';
import { connect, LostConnection } from './connection.js';
import { ANSWER_MS, type PostgresPool, type Row } from './pool.js';
import type { Shared } from './shared.js';
import type { Statements } from './statements.js';
import { credentialTable, type Table } from './table.js';

/** Where a record lies, and by what it is reached. */
export interface Site {
  readonly pool: PostgresPool;
  readonly shared: Shared;
  readonly table: Table;
  readonly statements: Statements;
  readonly key: string;
  /** Whether to make the table where it is missing. */
  readonly create: boolean;
}

/** What other processes may have been quicker to make: a table, its type, its entry in the catalogue. */
const MADE_MEANWHILE = ['42P07', '42710', '23505'];

/** Of transactions that are stricter than the statement needs: it is tried again. */
const NOT_SERIALIZABLE = ['40001', '40P01'];
const MAX_TRIES = 20;
/** Of a read whose connection was lost, such as one that had lain in the pool while the server was restarted. */
const MAX_READS = 3;

type Deed = 'store_unreadable' | 'store_unwritable';

/**
 * Runs one statement about the row, on a connection of the pool, and emits its rows once. Errors with a
 * `StoreError`, in time. Who has left by the time there is a connection has run nothing.
 */
export function ask(
  site: Site,
  deed: Deed,
  statement: string,
  values: readonly unknown[] = [],
): Observable<readonly Row[]> {
  return ready(site).pipe(
    concatMap(() => answer(site.pool, statement, [site.key, ...values])),
    retry({
      delay(error, tries) {
        if (!mayPass(error, deed, tries) && !(isUnmade(site, error) && tries < MAX_READS)) throw error;
        return of(null);
      },
    }),
    timeout({
      first: ANSWER_MS,
      with: () => throwError(() => Object.assign(new Error(), { code: 'ETIMEDOUT' })),
    }),
    catchError((error: unknown) => throwError(() => pgError(deed, site.table.name, error))),
  );
}

/** True where the table that was made, or found, is gone since: it is made again by who is {@link ready} next. */
export function isUnmade({ shared, table }: Site, error: unknown): boolean {
  return codeOf(error) === '42P01' && shared.tables.delete(table.quoted);
}

/** Emits when the table is there, as far as that is our business. */
export function ready({ pool, shared, table, statements, create }: Site): Observable<unknown> {
  if (!create) return of(null);
  return defer(() => {
    const made = shared.tables.get(table.quoted) ?? make();
    shared.tables.set(table.quoted, made);
    made.catch(() => shared.tables.delete(table.quoted)); // the next one tries again
    return made;
  });

  /** Looks first: who may not create tables may still use one. */
  async function make(): Promise<void> {
    const connection = await connect(pool);
    try {
      const [found] = await connection.query(statements.isThere);
      if (found?.['yes'] !== true) await connection.query(credentialTable(table.name));
    } catch (error) {
      if (!MADE_MEANWHILE.includes(codeOf(error) ?? '')) throw error;
    } finally {
      connection.release();
    }
  }
}

/** On one connection of the pool, which is back there before anybody hears of it. */
function answer(pool: PostgresPool, text: string, values: unknown[]): Observable<readonly Row[]> {
  return new Observable((subscriber) => {
    const asked = async (): Promise<void> => {
      const connection = await connect(pool);
      let rows: readonly Row[] = [];
      try {
        if (!subscriber.closed) rows = await connection.query(text, values);
      } finally {
        connection.release();
      }
      subscriber.next(rows);
      subscriber.complete();
    };
    asked().catch((error: unknown) => subscriber.error(error));
  });
}

/** What a second try may mend. A write may have been done by the time its connection was lost. */
function mayPass(error: unknown, deed: Deed, tries: number): boolean {
  if (error instanceof LostConnection) return deed === 'store_unreadable' && tries < MAX_READS;
  return NOT_SERIALIZABLE.includes(codeOf(error) ?? '') && tries < MAX_TRIES;
}
