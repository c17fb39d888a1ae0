import { indexedDbStore, webStorageStore } from '../../../src/browser/index.js';
import type { StoreContractConfig } from '../../../src/testing/index.js';
import { steppedClock } from '../steppedClock.js';

/** The stores whose contract is tried in a real browser. */
export type StoreKind = 'webStorage' | 'webStorage, lossy' | 'indexedDb' | 'indexedDb, lossy';

let credentials = 0;

/** Read by the spec, for the names of the laws, and run in the page. */
export function contractOf(kind: StoreKind): StoreContractConfig {
  const lossy = kind.endsWith('lossy');
  return {
    create() {
      const name = `${kind} ${++credentials}`;
      const clock = steppedClock();
      const options = { scheduler: clock, ...(lossy && { locks: null }) };
      const open = () =>
        kind.startsWith('web') ? webStorageStore(name, undefined, options) : indexedDbStore(name, options);
      return { store: open(), sibling: open(), reopen: open, lapse: () => clock.step(200_000) };
    },
    lossy,
    deadlineMs: 20_000,
    cannot: {
      synchronousLock: 'a browser grants its locks later',
      disturbance: 'the fake browser is better at it',
    },
  };
}
