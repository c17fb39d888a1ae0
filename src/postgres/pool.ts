/** A row, as `pg` gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** A query that is given up after `query_timeout` ms. */
interface PostgresQuery {
  text: string;
  values?: unknown[];
  query_timeout?: number;
}

interface Connected {
  query(query: PostgresQuery): Promise<{ rows: Row[] }>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
}

/** What is used of a `PoolClient` of `pg`. */
export interface PostgresClient extends Connected {
  release(broken?: boolean): void;
  removeListener(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
}

/** What is used of a `Client` of `pg`, not connected yet. */
export interface PostgresListener extends Connected {
  connect(): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown;
}

/** What is used of a `Pool` of `pg` 8. */
export interface PostgresPool {
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly options: { readonly max?: number | undefined };
}

/** What `pg` leaves out of its types: the class that a pool makes its clients of, and what lets a process end or not. */
export interface Untyped {
  readonly Client?: new (options: unknown) => PostgresListener;
  readonly ref?: () => void;
  readonly unref?: () => void;
}

/** How long a statement may take, in ms: each is about a single row. */
export const ANSWER_MS = 10_000;
