import { finalize, noop, type Observable } from 'rxjs';
import { createMutex, type Mutex } from '../mutex.js';
import type { Hearing } from './hearing.js';
import type { PostgresPool } from './pool.js';
import { createSlots } from './slots.js';
import type { Statements } from './statements.js';

/** What all stores over one pool share. */
export interface Shared {
  /** Places for connections that wait for a lock or hold one: one less than the pool has, so that there is always
   * one left for the statement that a holder of a lock is waiting for. */
  readonly slot$: Observable<() => void>;
  /** Runs `critical` when nobody else in this process is at `name`. */
  inTurn<T>(name: string, critical: () => Observable<T>): Observable<T>;
  /** By channel. */
  readonly hearings: Map<string, Hearing>;
  /** By table. */
  readonly statements: Map<string, Statements>;
  /** By table: what resolves when it is there. */
  readonly tables: Map<string, Promise<void>>;
}

const known = new WeakMap<PostgresPool, Shared>();

/** @param max how many connections the pool has */
export function sharedBy(pool: PostgresPool, max: number): Shared {
  const shared = known.get(pool) ?? create(pool, max);
  known.set(pool, shared);
  return shared;
}

function create(pool: PostgresPool, max: number): Shared {
  const turns = new Map<string, { readonly mutex: Mutex; count: number }>();
  pool.on('error', noop); // an idle connection that breaks would end the process; the pool replaces it
  return {
    slot$: createSlots(max - 1),
    inTurn(name, critical) {
      const turn = turns.get(name) ?? { mutex: createMutex(), count: 0 };
      turns.set(name, turn);
      turn.count++;
      return turn.mutex(critical).pipe(
        finalize(() => {
          if (--turn.count === 0) turns.delete(name);
        }),
      );
    },
    hearings: new Map(),
    statements: new Map(),
    tables: new Map(),
  };
}
