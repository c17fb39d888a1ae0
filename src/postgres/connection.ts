import { ANSWER_MS, type PostgresPool, type Row } from './pool.js';

/** A connection that is out of its pool. */
export interface Connection {
  query(text: string, values?: unknown[]): Promise<readonly Row[]>;
  /** Back to the pool; closed, where it is lost or `broken`. */
  release(broken?: boolean): void;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
}

/** Takes a connection out of the pool. What breaks while it is out never escapes as an event. */
export async function connect(pool: PostgresPool): Promise<Connection> {
  const client = await pool.connect();
  const losing = new AbortController();
  const lose = (): void => losing.abort();
  client.on('error', lose);
  client.on('end', lose);
  let isOut = true;
  return {
    lost: losing.signal,
    async query(text, values) {
      try {
        return (await client.query({ text, ...(values && { values }), query_timeout: ANSWER_MS })).rows;
      } catch (error) {
        if (isLoss(error)) lose();
        throw error;
      }
    },
    release(broken = false) {
      if (!isOut) return;
      isOut = false;
      client.release(broken || losing.signal.aborted);
      client.removeListener('error', lose); // the pool listens again
      client.removeListener('end', lose);
    },
  };
}

/** True unless the server itself said no, and goes on: then nobody knows what became of the connection. */
export function isLoss(error: unknown): boolean {
  return (error as { severity?: unknown }).severity !== 'ERROR';
}
