import type { TokenError } from './errors.js';

/** Who brought a change about: this manager, or another one that shares the store. */
export type By = 'self' | 'sibling';

/** What happened, without a secret in it. `at` is epoch ms, by the manager's clock. */
export type TokenEvent = { readonly at: number } & (
  | { readonly type: 'loaded'; readonly signedIn: boolean; readonly warning?: string | undefined }
  | { readonly type: 'refresh-started'; readonly attempt: number }
  | { readonly type: 'refreshed'; readonly by: By; readonly expiresAt: number | undefined }
  /** `refresh-failed` also tells of a store that could not be read, before or in place of a refresh. */
  | {
      readonly type: 'refresh-failed' | 'reauthentication-required';
      readonly error: TokenError;
      /** How many failures in a row. */
      readonly attempt: number;
      /** Epoch ms of the next attempt; `Infinity` where only a new sign-in helps. */
      readonly retryAt: number;
    }
  | { readonly type: 'persist-failed'; readonly error: TokenError }
  | { readonly type: 'persisted' }
  /** Two holders of a lapsed lease used one refresh token; the store's winner was adopted. */
  | { readonly type: 'concurrent-redemption' }
  | { readonly type: 'invalidated' }
  | { readonly type: 'set'; readonly by: By }
  | { readonly type: 'cleared'; readonly by: By }
  | { readonly type: 'lock-waited'; readonly waitedMs: number }
  | { readonly type: 'callback-failed'; readonly error: TokenError }
);

/** An event before it is stamped with the time. */
export type Happening = TokenEvent extends infer E ? (E extends TokenEvent ? Omit<E, 'at'> : never) : never;
