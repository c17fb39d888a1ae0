import type { StorageLike } from './platform.js';
import type { Change, Shelf, Texts } from './shelf.js';
import { storageError } from './storageError.js';
import type { WriteMarks } from './writeMarks.js';

/** What is added to the key for what is ours. */
const SUFFIXES = { record: '', notes: '.notes', lease: '.lease' };
type Field = keyof typeof SUFFIXES;
const FIELDS = Object.keys(SUFFIXES);

/** How changes are kept apart where a storage is shared by tabs. */
export interface Guard {
  /** The short exclusion of writers. */
  exclusively<T>(step: () => Promise<T>): Promise<T>;
  /** Where processes have copies of the storage. */
  readonly marks: WriteMarks | undefined;
}

/** The number of the last write, see {@link WriteMarks}. */
export const numberKey = (key: string): string => `${key}.writes`;

/**
 * A shelf in a web storage, in keys that start with `key`.
 *
 * @param storageOf throws where a browser does not permit it
 * @param guard none: changes are atomic in this process only
 */
export function webStorageShelf(key: string, storageOf: () => StorageLike, guard: Guard | undefined): Shelf {
  const place = `the item ${key} of the web storage`;
  const keyOf = (field: string): string => `${key}${SUFFIXES[field as Field]}`;

  function look(storage: StorageLike): Texts {
    const [record = null, notes = null, lease = null] = FIELDS.map((field) => storage.getItem(keyOf(field)));
    return { record, notes, lease };
  }

  /**
   * All or nothing: where one does not fit, what was there is put back, last first. Each is replaced and never
   * removed for that: where another page has taken the room of what was there, what came instead stays.
   */
  function replace(items: readonly Item[]): void {
    const storage = storageOf();
    const undo: Item[] = [];
    try {
      for (const item of items) {
        undo.unshift([item[0], storage.getItem(item[0])]);
        put(storage, item);
      }
    } catch (error) {
      for (const item of undo) putIfItFits(storage, item);
      throw error;
    }
  }

  async function change<T>(step: (found: Texts) => Change<T>): Promise<T> {
    if (guard?.marks) await guard.marks.seen();
    const found = look(storageOf());
    const { put: next, setAside, result } = step(found);
    if (!next) return result;
    const items: Item[] = Object.entries(next).map(([field, text]) => [keyOf(field), text]);
    if (setAside) items.unshift([key, null], [asideKey(key), found.record]);
    if (guard?.marks) items.push([numberKey(key), String(await guard.marks.next())]); // last: what it marks is there
    try {
      replace(items);
    } catch (error) {
      guard?.marks?.withdraw();
      throw error;
    }
    return result;
  }

  return {
    place,
    async read() {
      try {
        await guard?.marks?.seen();
        return look(storageOf());
      } catch (error) {
        throw storageError('store_unreadable', place, error);
      }
    },
    async change(step) {
      try {
        return await (guard ? guard.exclusively(() => change(step)) : change(step));
      } catch (error) {
        throw storageError('store_unwritable', place, error);
      }
    },
  };
}

/** A key, and what is to be there; `null`: nothing. */
type Item = readonly [key: string, text: string | null];

const asideKey = (key: string): string => `${key}.corrupt-${new Date().toISOString()}`;

function put(storage: StorageLike, [key, text]: Item): void {
  if (text === null) storage.removeItem(key);
  else storage.setItem(key, text);
}

function putIfItFits(storage: StorageLike, item: Item): void {
  try {
    put(storage, item);
  } catch {
    // what is there stays
  }
}
