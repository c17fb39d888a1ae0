/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable, ObservableInput } from 'rxjs';
import type { Credentials } from './credentials.js';
import type { TokenEvent } from './events.js';
import type { TokenState } from './held.js';
import type { TokenResponse } from './tokenResponse.js';

export interface TokenOptions {
  /** Detaches this caller, who is rejected with the signal's reason; a refresh that others may need goes on. */
  readonly signal?: AbortSignal | undefined;
  /** How long the token has to last, in ms; of a known lifetime at most nine tenths. Default 0. */
  readonly minValidityMs?: number | undefined;
}

export interface ClearOptions {
  /**
   * Called with the credentials that were stored, if any, when signing out is durable: `revokeToken` of
   * `rx-token/oauth`, or one's own (RFC 7009). A refresh under way is aborted; what the provider has made for it
   * meanwhile is discarded, and not revoked.
   */
  readonly revoke?: ((credentials: Credentials) => ObservableInput<unknown> | undefined) | undefined;
}

/**
 * An OAuth credential, always valid, refreshed once for each expiry.
 *
 * What fails, fails with a `TokenError`; its `code` is the contract.
 */
export interface TokenManager {
  /**
   * Emits the current valid access token to each subscriber, then every new one, never the same twice in a
   * row. Never errors, never emits null; completes on `dispose()`. While it has a subscriber the token is
   * refreshed before it expires.
   */
  readonly token$: Observable<string>;
  /**
   * Emits what is held to each subscriber, then every change; `null` is signed out. Emits nothing until the
   * store has answered. Completes on `dispose()`, never errors.
   */
  readonly credentials$: Observable<Credentials | null>;
  /** Emits the present state to each subscriber, then every change. Completes on `dispose()`, never errors. */
  readonly state$: Observable<TokenState>;
  /** Emits what happens from now on, without a secret in it. Completes on `dispose()`, never errors. */
  readonly events$: Observable<TokenEvent>;

  /**
   * A valid access token, refreshed if need be.
   *
   * Rejects with `no_credentials`, `refresh_rejected`, `rotation_lost`, `refresh_unavailable`,
   * `configuration`, `callback_failed`, `lock_timeout`, `store_*` or `disposed`. While a token has not
   * truly ended it is served whatever the refresh meets, unless a server has rejected it.
   */
  getValidToken(options?: TokenOptions): Promise<string>;
  /** Cold. Emits a valid access token once and completes, or errors as `getValidToken` rejects. */
  readonly validToken$: Observable<string>;
  /** As `getValidToken`, the whole credentials. */
  getCredentials(options?: TokenOptions): Promise<Credentials>;
  /** Re-reads the store and adopts what is newer there; never refreshes. Rejects with `store_*`. */
  peek(): Promise<Credentials | null>;

  /**
   * Marks the access token as no longer valid, durably (`expires_at: 0`): the next caller gets a new one.
   *
   * @param rejected only if this is still the current one
   */
  invalidate(rejected?: string): Promise<void>;
  /**
   * For a 401: a token other than `rejected`. The current one, if it is another already; else what a sibling
   * has left in the store; else one refresh, shared by all who were rejected with it (RFC 6750 §3.1).
   */
  renew(rejected: string): Promise<string>;
  /** As `renew`, cold: emits once and completes, or errors. */
  renewal(rejected: string): Observable<string>;

  /**
   * Signs in, with stored credentials or a provider's raw token response; never merged with what was there.
   * Wins over a refresh under way and does not wait for it. Resolves when durable.
   *
   * Rejects with a TypeError where there is no access token, and with `store_unwritable`.
   */
  set(credentials: { readonly access_token: string } | TokenResponse): Promise<void>;
  /**
   * Signs out. Wins over a refresh under way and does not wait for it. Resolves when durable, and, with `revoke`,
   * when that is done: if it fails the promise rejects, and the sign-out stands.
   */
  clear(options?: ClearOptions): Promise<void>;

  /**
   * Ends every timer, watcher and subscription; whoever waits is rejected with `disposed`, and so are later
   * calls. A refresh that was sent already is still saved.
   */
  dispose(): void;
  [Symbol.dispose](): void;
  /** The same; resolves when that is saved, or cannot be, within `refreshTimeoutMs`. Never rejects. */
  [Symbol.asyncDispose](): Promise<void>;
}
