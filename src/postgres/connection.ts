import { codeOf, isRefusal } from './pgError.js';
import { ANSWER_MS, type PostgresClient, type PostgresPool, type Row, type Untyped } from './pool.js';

/** Nobody knows what became of the connection, nor of what was asked over it. */
export class LostConnection extends Error {
  constructor(readonly code: string | undefined) {
    super('The connection is lost');
  }
}

/** A connection that is out of its pool. */
export interface Connection {
  query(text: string, values?: unknown[]): Promise<readonly Row[]>;
  /** From now on it keeps the process alive only while it is asked something. */
  letEnd(): void;
  /** Back to the pool; closed, where it is lost or `broken`. */
  release(broken?: boolean): void;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
}

/** Takes a connection out of the pool. What breaks while it is out never escapes as an event. */
export function connect(pool: PostgresPool): Promise<Connection> {
  return new Promise((settle, fail) => {
    // not as a promise: between the pool, which no longer listens, and what comes after it there is room for an error
    pool.connect((error, client) => {
      if (client) settle(connectionOf(client));
      else fail(error ?? new Error('The pool gave no connection'));
    });
  });
}

function connectionOf(client: PostgresClient): Connection {
  const losing = new AbortController();
  const lose = (): void => losing.abort();
  client.on('error', lose);
  client.on('end', lose);
  let isOut = true;
  let mayEnd = false;
  let asked = 0;
  const unref = (): void => {
    if (isOut && mayEnd && asked === 0) (client as Untyped).unref?.();
  };
  const ref = (): void => {
    if (mayEnd) (client as Untyped).ref?.();
  };
  return {
    lost: losing.signal,
    async query(text, values) {
      asked++;
      ref();
      try {
        return (await client.query({ text, ...(values && { values }), query_timeout: ANSWER_MS })).rows;
      } catch (error) {
        if (isRefusal(error)) throw error;
        lose();
        throw new LostConnection(codeOf(error));
      } finally {
        asked--;
        unref();
      }
    },
    letEnd() {
      mayEnd = true;
      unref();
    },
    release(broken = false) {
      if (!isOut) return;
      isOut = false;
      ref(); // the pool has its own ways
      client.release(broken || losing.signal.aborted);
      client.removeListener('error', lose); // the pool listens again
      client.removeListener('end', lose);
    },
  };
}
