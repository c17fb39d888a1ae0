import { setTimeout as pause } from 'node:timers/promises';
import type { IndexedDbLike } from 'rx-token/browser';

/** How long what is written is not yet said to be. */
const COMMIT_MS = 5;

export interface FakeDatabase {
  /** What all tabs share. */
  readonly objects: ReadonlyMap<string, unknown>;
  /** As a tab sees it, until its process ends: nothing of it arrives any more. */
  inTab(): { readonly indexedDB: IndexedDbLike; end(): void };
}

/** As much of a database as a store of tabs needs: its transactions run one after the other. */
export function fakeDatabase(): FakeDatabase {
  const objects = new Map<string, unknown>();
  let last = Promise.resolve();

  function inTab() {
    let isOver = false;
    const fire = (target: EventTarget, type: string) => {
      if (!isOver) target.dispatchEvent(new Event(type));
    };

    function transaction() {
      const gets: (() => void)[] = [];
      const changes: (() => unknown)[] = [];
      const objectStore = () => ({
        get(key: string) {
          const asked = new EventTarget();
          gets.push(() => fire(Object.assign(asked, { result: objects.get(key) }), 'success'));
          return asked;
        },
        put: (value: unknown, key: string) => changes.push(() => objects.set(key, value)),
        delete: (key: string) => changes.push(() => objects.delete(key)),
      });
      const running = Object.assign(new EventTarget(), { objectStore });
      last = last.then(async () => {
        for (const get of gets) get();
        for (const change of changes) change();
        await pause(COMMIT_MS);
        fire(running, 'complete');
      });
      return running;
    }

    function open() {
      const objectStoreNames = { contains: () => true };
      const result = Object.assign(new EventTarget(), {
        objectStoreNames,
        transaction,
        close: () => undefined,
      });
      const opening = Object.assign(new EventTarget(), { result });
      queueMicrotask(() => fire(opening, 'success'));
      return opening;
    }
    return { indexedDB: { open } as unknown as IndexedDbLike, end: () => void (isOver = true) };
  }
  return { objects, inTab };
}
