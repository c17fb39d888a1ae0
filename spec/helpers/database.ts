import { Observable } from 'rxjs';
import { type Credentials, type CredentialStore, memoryStore } from 'rx-token';

/** A row for each key, which outlives every store object that is opened on it; synchronous, so that time may be virtual. */
export function database() {
  const rows = new Map<string, CredentialStore>();
  const opened: string[] = [];
  let watchers = 0;

  function row(key: string): CredentialStore {
    const known = rows.get(key) ?? memoryStore();
    rows.set(key, known);
    return known;
  }

  function open(key: string): CredentialStore {
    opened.push(key);
    const { isVolatile: _, ...durable } = row(key);
    return {
      ...durable,
      changes$: new Observable((subscriber) => {
        watchers++;
        subscriber.add(() => watchers--);
        return durable.changes$.subscribe(subscriber);
      }),
    };
  }

  return {
    /** What a service passes as `store`. */
    open,
    /** The keys of the stores that were opened, in order. */
    opened,
    row,
    seed: (key: string, credentials: Credentials) => rows.set(key, memoryStore(credentials)),
    /** How many listen to `changes$` now: one for each manager that was used and lives. */
    get watchers() {
      return watchers;
    },
  };
}
