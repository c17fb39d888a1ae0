import { DestroyRef, DOCUMENT, inject, NgZone, PLATFORM_ID, signal, type Signal } from '@angular/core';
import { catchError, distinctUntilChanged, EMPTY, fromEvent, merge, switchMap } from 'rxjs';
import type { TokenManagerConfig } from '../config.js';
import type { TokenState } from '../held.js';
import { createTokenManager, memoryStore, type CredentialStore, type TokenManager } from '../index.js';
import { createAsking, type Asking } from './asking.js';
import { bearerTargets, type FindTarget } from './bearerTargets.js';
import type { Definition } from './definitions.js';
import { hearInside, storeOutside, timersOutside } from './zone.js';

/** A manager, as its injector has it. */
export interface Managed {
  readonly name: string | undefined;
  readonly tokens: TokenManager;
  /** `undefined`: it has no targets. */
  readonly findTarget: FindTarget | undefined;
  /** Of `refresh` and `acquire`. */
  readonly asking: Asking;
  state(): Signal<TokenState>;
  /** What is done although nobody asks. */
  start(): void;
}

interface Page extends EventTarget {
  readonly URL: string;
  readonly defaultView: EventTarget | null;
}

/** Makes a manager in the injection context; it ends with its injector. */
export function createManaged(definition: Definition): Managed {
  const { name, configFactory, targets, storeFactory, isProactive } = definition;
  const zone = inject(NgZone);
  const page = inject<Page>(DOCUMENT);
  const isServer = inject(PLATFORM_ID) === 'server';
  const findTarget = targets && bearerTargets(targets, page.URL, isServer);
  const asking = createAsking();
  const config = Object(configFactory()) as TokenManagerConfig;
  const store = storeFactory?.() ?? config.store ?? (isServer ? undefined : wakefulStore(page));
  const manager = createTokenManager({
    scheduler: timersOutside(zone),
    ...config,
    refresh: asking.watched(config.refresh),
    acquire: asking.watched(config.acquire),
    store: isStore(store) ? storeOutside(zone, store) : store,
  });
  inject(DestroyRef).onDestroy(() => manager.dispose());

  /** Without the timer: what is rendered on a server is over before it could fire. */
  const timelessToken$ = manager.credentials$.pipe(
    switchMap((credentials) => (credentials ? manager.validToken$.pipe(catchError(() => EMPTY)) : EMPTY)),
    distinctUntilChanged(),
  );
  const tokens: TokenManager = {
    ...manager,
    token$: hearInside(zone, isServer ? timelessToken$ : manager.token$),
    credentials$: hearInside(zone, manager.credentials$),
    state$: hearInside(zone, manager.state$),
    events$: hearInside(zone, manager.events$),
    validToken$: hearInside(zone, manager.validToken$),
    renewal: (rejected) => hearInside(zone, manager.renewal(rejected)),
  };
  let state: Signal<TokenState> | undefined;

  function shownState(): Signal<TokenState> {
    const shown = signal<TokenState>({ status: 'loading' });
    manager.state$.subscribe((next) => zone.run(() => shown.set(next)));
    return shown.asReadonly();
  }

  return {
    name,
    tokens,
    findTarget,
    asking,
    state: () => (state ??= shownState()),
    start() {
      if (isProactive && !isServer) zone.runOutsideAngular(() => manager.token$.subscribe());
    },
  };
}

/** In memory; a page that comes back to life has the timer look at the clock. */
function wakefulStore(page: Page): CredentialStore {
  const store = memoryStore();
  const wakeUps = ['focus', 'online', 'pageshow'].map((type) => fromEvent(page.defaultView ?? page, type));
  const awake$ = merge(fromEvent(page, 'visibilitychange'), ...wakeUps);
  return { ...store, changes$: merge(store.changes$, awake$) };
}

/** What is neither this nor a pair is for the manager to refuse. */
function isStore(given: TokenManagerConfig['store']): given is CredentialStore {
  return typeof (given as Partial<CredentialStore> | undefined)?.lock?.hold === 'function';
}
