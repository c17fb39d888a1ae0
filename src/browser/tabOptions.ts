import { asyncScheduler, fromEvent, NEVER, type Observable, type SchedulerLike } from 'rxjs';
import type { CredentialStore, LockHolder } from '../contracts.js';
import { LONGEST_DELAY_MS } from '../longestDelay.js';
import type { Farewell } from './farewell.js';
import { hearing, type Hearing } from './hearing.js';
import { leaseLock } from './leaseLock.js';
import { notesFrom } from './notes.js';
import {
  isServer,
  pageHere,
  platform,
  type ChannelLike,
  type LockManagerLike,
  type PageLike,
} from './platform.js';
import { patientShelf } from './patientShelf.js';
import type { Shelf } from './shelf.js';
import { randomName } from './randomName.js';
import { tabLease } from './tabLease.js';
import { tabStore } from './tabStore.js';
import { wakeSignals } from './wakeSignals.js';
import { webLock } from './webLock.js';

/** Of what the world outside is made. All of it has a default; durations are in ms. */
export interface TabStoreOptions {
  /** Default `navigator.locks`, but on a server; `null`: none, a lease that can lapse in their place. */
  readonly locks?: LockManagerLike | null | undefined;
  /** How to open a `BroadcastChannel` of a name. Default: the browser's, if any; `null`: none. */
  readonly channel?: ((name: string) => ChannelLike) | null | undefined;
  /** Hints that this page may have slept: the store is read and the clock looked at. Default `wakeSignals()`. */
  readonly wake$?: Observable<unknown> | undefined;
  /**
   * The window whose `storage`, `pagehide` and `pageshow` events are heard, and whose `localStorage` tells that it has
   * gone (of `indexedDbStore` without Web Locks). Default: this one; `null`: none.
   */
  readonly page?: PageLike | null | undefined;
  /**
   * Without Web Locks: how long whoever refreshes is waited for when nothing is heard of it, as after a crash. Has
   * to be more than the manager's `refreshTimeoutMs`. Default 45 000.
   */
  readonly leaseMs?: number | undefined;
  /** The clock and the timers of a lease. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Options with everything filled in. */
export interface TabWorld {
  readonly locks: LockManagerLike | undefined;
  readonly channel: ((name: string) => ChannelLike) | undefined;
  readonly wake$: Observable<unknown>;
  readonly page: PageLike | undefined;
  readonly leaseMs: number;
  readonly scheduler: SchedulerLike;
  readonly away$: Observable<unknown>;
  /** For a shelf that cannot take a lease back before the page is gone. */
  readonly farewell?: Farewell | undefined;
}

/** @throws TypeError or RangeError that names the option */
export function readTabOptions(maker: string, options: TabStoreOptions): TabWorld {
  // Those of a server are for all that it does at a time, whatever storage each has, and are no other process's.
  const { BroadcastChannel, navigator } = isServer() ? {} : platform();
  const opened = BroadcastChannel && ((name: string) => new BroadcastChannel(name));
  const locks = chosen(options.locks, navigator?.locks);
  const channel = chosen(options.channel, opened);
  const page = chosen(options.page, pageHere());
  const { leaseMs = 45_000, scheduler = asyncScheduler } = options;

  const must = (isGood: boolean, what: string): void => {
    if (!isGood) throw new TypeError(`${maker}: ${what}`);
  };
  must(
    !locks || (isFunction(locks.request) && isFunction(locks.query)),
    'locks must be a LockManager, or null',
  );
  must(!channel || isFunction(channel), 'channel must be a function that opens a BroadcastChannel, or null');
  must(!page || isFunction(page.addEventListener), 'page must be a window, or null');
  const { wake$ = wakeSignals(page) } = options;
  must(isFunction((wake$ as { subscribe?: unknown } | null)?.subscribe), 'wake$ must be an Observable');
  must(
    isFunction((scheduler as Partial<SchedulerLike> | null)?.schedule),
    'scheduler must be a SchedulerLike',
  );
  if (!(typeof leaseMs === 'number' && leaseMs > 0 && leaseMs <= LONGEST_DELAY_MS)) {
    throw new RangeError(`${maker}: leaseMs must be more than 0 and at most ${LONGEST_DELAY_MS}`);
  }
  const away$ = page ? fromEvent(page, 'pagehide') : NEVER;
  return { locks, channel, wake$, page, leaseMs, scheduler, away$ };
}

/** `null` says none, `undefined` says the usual one. */
function chosen<T>(option: T | null | undefined, usual: T | undefined): T | undefined {
  return option === undefined ? usual : (option ?? undefined);
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/**
 * A store on a shelf, for the tabs of an origin.
 *
 * @param name of its locks and its channel
 * @param settleMs how long two tabs may not see what the other has put on the shelf
 * @param storageKey whose `storage` events tell, too
 */
export function sharedByTabs(
  given: Shelf,
  name: string,
  world: TabWorld,
  settleMs: number,
  storageKey?: string,
): CredentialStore {
  const { locks, channel, page, away$, wake$, scheduler } = world;
  const shelf = patientShelf(given, scheduler);
  const tab = `tab ${randomName()}`;
  const leaseOn = (tenure: Parameters<typeof tabLease>[2]) => tabLease(shelf, tab, tenure);
  /** Whoever has journaled last. */
  const sender = async (): Promise<LockHolder | null> => {
    const { pending } = notesFrom((await shelf.read()).notes);
    return pending ? { by: pending.by, since: pending.sentAt } : null;
  };
  const lock = locks
    ? webLock(locks, `${name}/refresh`, away$, leaseOn, sender)
    : leaseLock(shelf, tab, { ...world, settleMs }, leaseOn);
  const news: Hearing = hearing(channel && (() => channel(name)), page, storageKey);
  return tabStore(shelf, lock, news, wake$);
}
