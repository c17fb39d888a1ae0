import { EMPTY, from, of } from 'rxjs';
import { ANY_VERSION, type Credentials, type CredentialStore, type Snapshot } from 'rx-token';

/** What a store holds that answers at once, as memory does. */
export function snapshotIn(store: CredentialStore): Snapshot {
  let found: Snapshot | undefined;
  from(store.read()).subscribe((snapshot) => (found = snapshot));
  if (!found) throw new TypeError('The store did not answer at once');
  return found;
}

export function storedIn(store: CredentialStore): Credentials | null {
  return snapshotIn(store).credentials;
}

/** Whether the refresh lock of a store in this process could be had at once. */
export function isFree({ lock }: CredentialStore): boolean {
  let isFree = false;
  const hold = lock.hold(() => of(true)).subscribe((value) => (isFree = value));
  hold.unsubscribe();
  return isFree;
}

/** What another tool, or a sibling of another make, does to a store: it writes, and asks nobody. */
export function overwrite(store: CredentialStore, next: Credentials | null): void {
  from(store.write(next, ANY_VERSION)).subscribe();
}

/** Another tool changes fields of its own. */
export function touch(store: CredentialStore, fields: Readonly<Record<string, unknown>>): void {
  const { credentials, version } = snapshotIn(store);
  from(store.write({ ...credentials!, ...fields }, version)).subscribe();
}

/** The same store, which does not tell when something has changed. */
export function unheard(store: CredentialStore): CredentialStore {
  return { ...store, changes$: EMPTY };
}
