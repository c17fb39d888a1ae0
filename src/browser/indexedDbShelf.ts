import { StoreError } from '../errors.js';
import type { DatabaseLike, EventTargetLike, IndexedDbLike, ObjectStoreLike } from './platform.js';
import type { Change, Shelf, Texts } from './shelf.js';
import { storageError } from './storageError.js';

/** The only object store of the database. */
const STORE = 'rx-token';
const KEYS = { record: 'credentials', notes: 'notes', lease: 'lease' };
type Field = keyof typeof KEYS;

/** A connection may be closed under us, by whoever deletes or changes the database: then it is made anew. */
const ATTEMPTS = 3;
const CLOSED = ['AbortError', 'InvalidStateError', 'VersionError'];

/**
 * A shelf in a database of its own, as three objects. Each use has its own connection: it is there within a
 * millisecond or two, stands in nobody's way, and none is ever found closed after a long sleep.
 */
export function indexedDbShelf(name: string, factoryOf: () => IndexedDbLike): Shelf {
  const place = `the database ${name}`;

  async function inTransaction<T>(
    mode: 'readonly' | 'readwrite',
    step: (found: Texts) => Change<T>,
    attempt = 1,
  ): Promise<T> {
    let database: DatabaseLike | undefined;
    try {
      database = await open(factoryOf(), name);
      return await transaction(database, mode, step);
    } catch (error) {
      if (!CLOSED.includes(nameOf(error)) || attempt === ATTEMPTS) throw error;
    } finally {
      database?.close();
    }
    return inTransaction(mode, step, attempt + 1);
  }

  async function failing<T>(
    code: 'store_unreadable' | 'store_unwritable',
    access: () => Promise<T>,
  ): Promise<T> {
    try {
      return await access();
    } catch (error) {
      throw storageError(code, place, error);
    }
  }

  return {
    place,
    read: () => failing('store_unreadable', () => inTransaction('readonly', (found) => ({ result: found }))),
    change: (step) => failing('store_unwritable', () => inTransaction('readwrite', step)),
  };
}

async function open(factory: IndexedDbLike, name: string, version?: number): Promise<DatabaseLike> {
  const request = factory.open(name, version);
  request.addEventListener('upgradeneeded', () => {
    if (!request.result.objectStoreNames.contains(STORE)) request.result.createObjectStore(STORE);
  });
  await eventOf(request, 'success', 'error', () => request.error);
  const database = request.result;
  database.addEventListener('versionchange', () => database.close());
  if (database.objectStoreNames.contains(STORE)) return database;
  database.close(); // another tool's of the same name
  return open(factory, name, database.version + 1);
}

/** One transaction: the step runs in the midst of it, so that nobody else's comes between. */
async function transaction<T>(
  database: DatabaseLike,
  mode: 'readonly' | 'readwrite',
  step: (found: Texts) => Change<T>,
): Promise<T> {
  const running = database.transaction(STORE, mode, { durability: 'strict' }); // older engines do not look at it
  const objects = running.objectStore(STORE);
  const requests = Object.entries(KEYS).map(([field, key]) => [field as Field, objects.get(key)] as const);
  let outcome: { readonly result: T } | { readonly thrown: unknown } | undefined;

  requests.at(-1)?.[1].addEventListener('success', () => {
    try {
      const found = Object.fromEntries(requests.map(([field, { result }]) => [field, textOf(result)]));
      const change = step(found as unknown as Texts);
      if (change.setAside)
        objects.put(requests[0]?.[1].result, `credentials.corrupt-${new Date().toISOString()}`);
      for (const [field, text] of Object.entries(change.put ?? {})) put(objects, KEYS[field as Field], text);
      outcome = { result: change.result };
    } catch (thrown) {
      outcome = { thrown };
      running.abort();
    }
  });
  const aborted = (): unknown => (outcome && 'thrown' in outcome ? outcome.thrown : running.error);
  await eventOf(running, 'complete', 'abort', aborted);
  if (!outcome || !('result' in outcome)) throw new StoreError('store_unreadable', 'No answer');
  return outcome.result;
}

function eventOf(target: EventTargetLike, good: string, bad: string, why: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    target.addEventListener(good, () => resolve());
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is a DOMException
    target.addEventListener(bad, () => reject(why() ?? { name: 'AbortError' }));
  });
}

function put(objects: ObjectStoreLike, key: string, text: string | null): void {
  if (text === null) objects.delete(key);
  else objects.put(JSON.parse(text), key);
}

/** As JSON; what JSON cannot hold is no credential. */
function textOf(value: unknown): string | null {
  if ((value ?? null) === null) return null;
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}

function nameOf(error: unknown): string {
  return String((Object(error) as { name?: unknown }).name);
}
