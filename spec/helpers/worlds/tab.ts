import { createTokenManager, type TokenManager, type TokenManagerConfig } from '../../../src/index.js';
import { indexedDbStore, webStorageStore } from '../../../src/browser/index.js';
import { refreshOverHttp, storeContract } from '../../../src/testing/index.js';
import { contractOf, type StoreKind } from './tabContract.js';

/** What runs in a page of the Chromium specs, and is called from there. */
export interface Tab {
  open(kind: 'webStorage' | 'indexedDb', config?: Partial<TokenManagerConfig>): void;
  /** Nothing, or the code of the error. */
  set(response: { access_token: string }): Promise<string>;
  clear(): Promise<void>;
  /** A token, or the code of the error. */
  getValidToken(): Promise<string>;
  /** The same, after a server has refused `rejected`. */
  renew(rejected: string): Promise<string>;
  /** Runs the contract; the outcome of each law by its name. */
  obeys(kind: StoreKind): Promise<Record<string, string>>;
  readonly seen: Seen;
}

/** What a tab has seen so far. */
export interface Seen {
  readonly tokens: string[];
  readonly events: string[];
  /** The present one, with the code of its error. */
  state: string;
  readonly uncaught: string[];
}

const seen: Seen = { tokens: [], events: [], state: '', uncaught: [] };
let manager: TokenManager | undefined;

function used(): TokenManager {
  if (!manager) throw new TypeError('open() comes first');
  return manager;
}

const codeOf = (error: unknown): string => (error as { code: string }).code;

const tab: Tab = {
  seen,
  open(kind, config = {}) {
    const store = kind === 'webStorage' ? webStorageStore('login') : indexedDbStore('login');
    manager = createTokenManager({ store, refresh: refreshOverHttp('/token'), skewMs: 500, ...config });
    manager.events$.subscribe((event) =>
      seen.events.push('by' in event ? `${event.type} by ${event.by}` : event.type),
    );
    manager.state$.subscribe((state) => {
      seen.state = 'error' in state ? `${state.status}: ${state.error.code}` : state.status;
    });
    manager.token$.subscribe((token) => seen.tokens.push(token));
  },
  set: (response) =>
    used()
      .set(response)
      .then(() => '', codeOf),
  clear: () => used().clear(),
  getValidToken: () => used().getValidToken().catch(codeOf),
  renew: (rejected) => used().renew(rejected).catch(codeOf),
  async obeys(kind) {
    const outcomes: Record<string, string> = {};
    for (const { name, run } of storeContract(contractOf(kind))) {
      outcomes[name] = await run().then(
        () => 'holds',
        (error: unknown) => (error as Error).message,
      );
    }
    return outcomes;
  },
};

const here = globalThis as unknown as {
  tab: Tab;
  addEventListener(type: string, listener: (event: { message?: string; reason?: unknown }) => void): void;
};
here.tab = tab;
for (const type of ['error', 'unhandledrejection']) {
  here.addEventListener(type, ({ message, reason }) => seen.uncaught.push(message ?? String(reason)));
}
