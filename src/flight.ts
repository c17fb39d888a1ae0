import type { Observable } from 'rxjs';
import type { AheadStore, Settled } from './aheadStore.js';
import type { Settings } from './config.js';
import type { Snapshot } from './contracts.js';
import type { Credentials } from './credentials.js';
import type { Happening } from './events.js';
import type { Mutex } from './mutex.js';

/** What one refresh sets out with. */
export interface Flight {
  /** What it is to replace; `null` where nobody is signed in. */
  readonly stale: Credentials | null;
  /** 1 for the first try, 2 after one failure, and so on. */
  readonly attempt: number;
  readonly settings: Settings;
  readonly store: AheadStore;
  /** The turn of `set()` and `clear()`, which what a flight brings waits for. */
  readonly inTurn: Mutex;
  /** Emits when one of them is durable: whatever is under way is for nobody. */
  readonly superseded$: Observable<unknown>;
  /** Emits when the manager is disposed of: what was not sent never is. */
  readonly disposed$: Observable<unknown>;
  readonly isDisposed: () => boolean;
  readonly report: (happening: Happening) => void;
  /** Takes what comes after its flight has landed: a late answer, a token saved at last. */
  readonly publish: (settled: Settled) => void;
}

/** What a sibling has left in the store. */
export function fromSibling(snapshot: Snapshot): Settled {
  return { by: 'sibling', snapshot };
}
