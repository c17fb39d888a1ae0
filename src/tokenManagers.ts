import {
  defer,
  filter,
  finalize,
  noop,
  type Observable,
  type ObservableInput,
  queueScheduler,
  Subject,
} from 'rxjs';
import { codeLike } from './classify.js';
import { concealed } from './concealed.js';
import type { CredentialStore, GetSetPair } from './contracts.js';
import { disposable } from './disposable.js';
import { ConfigurationError } from './errors.js';
import { keyedManager, type Use } from './keyedManager.js';
import { createTokenManager } from './manager.js';
import { createPool } from './pool.js';
import { asStore } from './stores/asStore.js';
import { memoryStore } from './stores/memoryStore.js';
import type { TokenManager } from './tokenManager.js';
import {
  readManyConfig,
  type KeyedTokenEvent,
  type TokenManagers,
  type TokenManagersConfig,
} from './tokenManagersConfig.js';

/** The store of a key, and how often its managers are at its lock, or write. */
interface Home {
  readonly store: CredentialStore;
  works: number;
}

interface Active {
  readonly key: string;
  readonly manager: TokenManager;
  readonly home: Home;
  /** What is handed out, once it was asked for. */
  handle?: TokenManager;
}

/** True while no request may be sent, which only the manager knows; of a refusal it is the store that does. */
function isWaiting({ state$ }: TokenManager, now: number): boolean {
  let isIt = false;
  state$.subscribe((state) => (isIt = 'retryAt' in state && state.retryAt > now)).unsubscribe();
  return isIt;
}

/**
 * Makes a manager for each key, such as the id of a user, for services that hold tokens for many: on demand, let go
 * when nobody uses it. Does nothing until it is used.
 *
 * ```
 * of('alice').getValidToken()   ──┐
 * of('alice').token$            ──┴─► manager of alice ──► store('alice')     one flight for each key
 * of('bob').getValidToken()     ────► manager of bob   ──► store('bob')
 *                                     idle for idleMs: let go
 * ```
 *
 * @throws TypeError or RangeError that names the option which is wrong
 */
export function tokenManagers(config: TokenManagersConfig): TokenManagers {
  const { shared, settings, idleMs, maxActive } = readManyConfig(config);
  const { refresh, acquire, onRefresh } = config;
  const happening$ = new Subject<KeyedTokenEvent>();
  /** Of managers that have gone: the stores that hold what is nowhere else. */
  const kept = new Map<string, Home>();
  /** Speaks for all of them when they have ended. */
  const ended = createTokenManager(shared);
  ended.dispose();
  /** Those at a lock or writing, as often as they are, also when they have gone: what was sent is still saved. */
  const busy = new Map<unknown, Active>();
  let isDisposed = false;

  function storeOf(key: string): CredentialStore | GetSetPair {
    if (!config.store) return memoryStore();
    try {
      return config.store(key);
    } catch (thrown) {
      const name = codeLike((Object(thrown) as Error).name) ?? 'unknown';
      throw new ConfigurationError(`store(key) failed (${name})`, {}, 'callback_failed');
    }
  }

  /** What is kept for nobody any more is let go. */
  function forget({ key, home }: Active): void {
    const isNeeded = home.works > 0 || home.store.isVolatile?.();
    if (kept.get(key) === home && !isNeeded) kept.delete(key);
  }

  /**
   * While a manager is at the lock, or writes, it is in use, whoever has left; and who comes meanwhile is given the same
   * store: another object would have a queue of its own.
   */
  function working<T>(active: Active, use: () => () => void, work: () => ObservableInput<T>): Observable<T> {
    return defer(() => {
      const { home } = active;
      const leave = use();
      busy.set(leave, active);
      home.works++;
      // deferred, so that it is left also where it throws
      return defer(work).pipe(
        finalize(() => {
          busy.delete(leave);
          home.works--;
          leave();
          forget(active);
        }),
      );
    });
  }

  function make(key: string, use: () => () => void): Active {
    const home = kept.get(key) ?? { store: asStore(storeOf(key)), works: 0 };
    const { store } = home;
    const { lock } = store;
    const manager = createTokenManager({
      ...shared,
      provider: settings.profile,
      store: {
        read: () => store.read(),
        write: (next, expected) => working(active, use, () => store.write(next, expected)),
        changes$: store.changes$,
        lock: {
          lossy: lock.lossy,
          leaseMs: lock.leaseMs,
          hold: (critical) => working(active, use, () => lock.hold(critical)),
          holder: () => lock.holder?.() ?? [null],
        },
      },
      refresh: refresh && ((previous, context) => refresh(key, previous, context)),
      acquire: acquire && ((context) => acquire(key, context)),
      onRefresh: onRefresh && ((credentials) => onRefresh(key, credentials)),
    });
    kept.delete(key);
    manager.events$.subscribe((event) => happening$.next({ ...event, key }));
    const active = { key, manager, home };
    return active;
  }

  const pool = createPool<Active>({
    make,
    end(active) {
      kept.set(active.key, active.home); // first: whoever is let go may come again at once
      active.manager.dispose();
      forget(active);
    },
    isWanted: ({ manager }) => isWaiting(manager, settings.scheduler.now()),
    idleMs,
    maxActive,
    scheduler: settings.background,
  });

  function enter(key: string): Use {
    if (isDisposed) return { manager: ended, leave: noop };
    const place = pool.enter(key);
    return { manager: place.value.manager, leave: () => pool.leave(place) };
  }

  /** Resolves when what those that have gone have sent is saved, or cannot be. */
  function landed(only?: string): Promise<unknown> {
    const gone = [...busy.values()].filter(
      (active) => (only ?? active.key) === active.key && pool.find(active.key) !== active,
    );
    return Promise.all(gone.map(({ manager }) => manager[Symbol.asyncDispose]()));
  }

  function handleOf(key: string): TokenManager {
    const events$ = happening$.pipe(filter((event) => event.key === key));
    return keyedManager(
      () => enter(key),
      concealed(events$),
      () => pool.drop(key),
      () => landed(key),
    );
  }

  function dispose(): void {
    isDisposed = true;
    pool.drain();
    kept.clear();
    queueScheduler.schedule(() => happening$.complete()); // after what is being told
  }

  return {
    of(key) {
      if (typeof key !== 'string' || key === '')
        throw new TypeError('of(key): key must be a non-empty string');
      const active = pool.find(key);
      return active ? (active.handle ??= handleOf(key)) : handleOf(key);
    },
    events$: concealed(happening$),
    get size() {
      return pool.size;
    },
    ...disposable(dispose, landed),
  } as TokenManagers;
}
