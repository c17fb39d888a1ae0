import type { PageLike, StorageLike } from './platform.js';

/** What a page that goes can still say where giving its lease back would be a write that dies with it. */
export interface Farewell {
  say(owner: string): void;
  isSaidBy(owner: string): boolean;
  /** For whoever has the lease now. */
  forget(): void;
}

/** In the `localStorage` of a page, which is written at once; where there is none, a lease lapses by itself. */
export function farewell(page: PageLike | undefined, key: string): Farewell {
  function use<T>(access: (storage: StorageLike) => T): T | undefined {
    try {
      return page?.localStorage && access(page.localStorage);
    } catch {
      return undefined; // not permitted, or full
    }
  }
  return {
    say: (owner) => use((storage) => storage.setItem(key, owner)),
    isSaidBy: (owner) => use((storage) => storage.getItem(key)) === owner,
    forget: () => use((storage) => storage.removeItem(key)),
  };
}
