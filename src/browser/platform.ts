/** Of what a browser gives, as much as is used here: anything of the same shape may be injected. */
export interface EventTargetLike {
  addEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly type: string }) => void): void;
}

/** A window. */
export interface PageLike extends EventTargetLike {
  readonly document?: (EventTargetLike & { readonly visibilityState?: string }) | undefined;
  readonly localStorage?: StorageLike | undefined;
}

/** `localStorage`, `sessionStorage`. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** `navigator.locks` (https://www.w3.org/TR/web-locks). */
export interface LockManagerLike {
  request(
    name: string,
    options: { readonly mode?: 'shared' | 'exclusive'; readonly signal?: AbortSignal },
    granted: () => unknown,
  ): Promise<unknown>;
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** A `BroadcastChannel`. */
export interface ChannelLike extends EventTargetLike {
  postMessage(message: unknown): void;
  close(): void;
}

/** `indexedDB`. */
export interface IndexedDbLike {
  open(name: string, version?: number): DatabaseRequestLike<DatabaseLike>;
}

interface DatabaseRequestLike<T> extends EventTargetLike {
  readonly result: T;
  readonly error: { readonly name: string } | null;
}

export interface DatabaseLike extends EventTargetLike {
  readonly version: number;
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(name: string): unknown;
  transaction(
    name: string,
    mode: 'readonly' | 'readwrite',
    options?: { readonly durability?: 'strict' },
  ): TransactionLike;
  close(): void;
}

interface TransactionLike extends EventTargetLike {
  readonly error: { readonly name: string } | null;
  objectStore(name: string): ObjectStoreLike;
  abort(): void;
}

export interface ObjectStoreLike {
  get(key: string): DatabaseRequestLike<unknown>;
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
}

interface Platform extends Partial<PageLike> {
  readonly sessionStorage?: StorageLike;
  readonly indexedDB?: IndexedDbLike;
  readonly navigator?: { readonly locks?: LockManagerLike };
  readonly BroadcastChannel?: new (name: string) => ChannelLike;
}

/** What this world has. No cast: the shapes above are checked against those of TypeScript's own `dom`. */
export const platform = (): Platform => globalThis;

/** True where nothing can be kept: not even a worker of a browser is without IndexedDB. */
export const isServer = (): boolean => !platform().document && !platform().indexedDB;

/** The window, or what stands for it in a worker; `undefined` on a server. */
export function pageHere(): PageLike | undefined {
  const here = platform();
  return here.addEventListener && !isServer() ? (here as PageLike) : undefined;
}
