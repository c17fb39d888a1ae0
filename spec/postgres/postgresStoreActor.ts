import { Pool } from 'pg';
import { firstValueFrom, from, NEVER, Subject, takeUntil, type ObservableInput } from 'rxjs';
import type { Lease, Version } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { postgresStore } from '../../src/postgres/index.js';
import { obey, tell } from '../helpers/obey.js';

// argv: the url, the table, the key; max of the pool
const [url, table, key, max] = process.argv.slice(2) as [string, string, string, string | undefined];
const pool = new Pool({ connectionString: url, max: Number(max ?? 3), allowExitOnIdle: true });
const store = postgresStore(pool, key, { table });
const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });
const now = () => performance.timeOrigin + performance.now();

let lease: Lease | undefined;
const left$ = new Subject<void>();

obey({
  read: () => done(store.read()),
  write: (next: Credentials | null, expected: Version) => done(store.write(next, expected)),
  /** Resolves with the moment at which it is inside. */
  hold: () =>
    new Promise((settle, fail) => {
      const inside = (given: Lease) => {
        lease = given;
        given.signal.addEventListener('abort', () => tell('lost', now()));
        settle(now());
        return NEVER;
      };
      store.lock.hold(inside).pipe(takeUntil(left$)).subscribe({ error: fail });
    }),
  release: () => left$.next(),
  prepare: (held: Credentials, version: Version, sentAt: number, until: number) =>
    done(lease!.prepare(held, version, sentAt, until)),
  listen: () => void store.changes$.subscribe(() => tell('hint', now())),
  disconnect: () => process.disconnect(),
});
