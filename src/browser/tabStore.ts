import { defer, merge, type Observable } from 'rxjs';
import { concealed } from '../concealed.js';
import type { CredentialLock, CredentialStore, Version, WriteResult } from '../contracts.js';
import { asCredentials, assertCredentials, type Credentials } from '../credentials.js';
import { compareAndSet, snapshotOf } from './compareAndSet.js';
import type { Hearing } from './hearing.js';
import { notesFrom, notesText } from './notes.js';
import type { Shelf } from './shelf.js';
import { isFull } from './storageError.js';

/** A store of a shelf that tabs share. */
export function tabStore(
  shelf: Shelf,
  lock: CredentialLock,
  { heard$, tell }: Hearing,
  wake$: Observable<unknown>,
): CredentialStore {
  /** Gives back the room that was kept for what is about to be written, if any was. */
  const makeRoom = (): Promise<boolean> =>
    shelf.change(({ notes: text }) => {
      const { room, ...notes } = notesFrom(text);
      return room === undefined ? { result: false } : { put: { notes: notesText(notes) }, result: true };
    });

  async function write(given: Credentials | null, expected: Version): Promise<WriteResult> {
    if (given !== null) assertCredentials(given, 'write');
    const next = given && asCredentials(given); // a copy: it is written a little later
    const put = (): Promise<WriteResult> =>
      shelf.change((found) => compareAndSet(found, next, expected, shelf.place));
    const result = await put().catch(async (error: unknown) => {
      if (!isFull(error) || !(await makeRoom())) throw error;
      return put();
    });
    if (result.written) tell(result.snapshot.version);
    return result;
  }

  return {
    read: () => defer(async () => snapshotOf(await shelf.read(), shelf.place)),
    write: (next, expected) => defer(() => write(next, expected)),
    changes$: concealed(merge(heard$, wake$)),
    lock,
  };
}
