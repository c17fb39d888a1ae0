import type { Observable, ObservableInput } from 'rxjs';
import type { Credentials } from './credentials.js';

/** Names one content of a store. Opaque; equal contents of one store have equal versions; holds no secret. */
export type Version = string;

/** In place of a version: write whatever is there now (as `If-Match: *` does, RFC 9110 §13.1.1). */
export const ANY_VERSION: Version = '*';

/** The version of a store that holds nothing. */
export const NO_VERSION: Version = '-';

/**
 * The journal: which refresh token was about to be used when its holder was last heard of.
 * While it stands, nobody knows whether the provider has spent that token.
 */
export interface Pending {
  /** {@link pairFingerprint} of the credentials in use: any new pair voids the journal without a write. */
  readonly pair: string;
  /** Epoch ms at which the request was about to be sent. */
  readonly sentAt: number;
  /** Epoch ms after which its holder no longer waits for the answer. */
  readonly until: number;
  /** Who sent it, for people: a process, a tab, a machine. */
  readonly by: string;
}

/** What a store holds at one instant. */
export interface Snapshot {
  /** `null`: signed out, or never signed in. */
  readonly credentials: Credentials | null;
  readonly version: Version;
  /** The journal, while it concerns these credentials. */
  readonly pending?: Pending | undefined;
  /** True when the provider has refused the refresh token of these credentials for good. */
  readonly dead?: boolean | undefined;
  /** Something worth telling the user that is no error, such as permissions that are too open. */
  readonly warning?: string | undefined;
}

/** `written: false`: the store held another version, and holds `snapshot` now. */
export interface WriteResult {
  readonly written: boolean;
  readonly snapshot: Snapshot;
}

/**
 * Where credentials live. One suite of laws, `storeContract` of `rx-token/testing`, says what every store keeps.
 */
export interface CredentialStore {
  /** Emits once what is stored now, seeing every write that had completed before; errors if it cannot tell. */
  read(): ObservableInput<Snapshot>;
  /**
   * Compare-and-set: replaces the content if its version is still `expected` ({@link ANY_VERSION}: always),
   * and emits once, when that is durable. `null` signs out. Never waits for {@link CredentialStore.lock}.
   */
  write(next: Credentials | null, expected: Version): ObservableInput<WriteResult>;
  /** Hints that somebody wrote. May drop, coalesce and repeat; always re-read. Never keeps a process alive. */
  readonly changes$: Observable<unknown>;
  /** Serialises the refreshes of this credential, wherever it is shared. */
  readonly lock: CredentialLock;
  /**
   * True while this object holds what another store object over the same credential would not find: all that is in
   * memory only. Absent: never. `tokenManagers` keeps such a store when it lets its manager go.
   */
  isVolatile?(): boolean;
}

export interface CredentialLock {
  /** True: a lease that can lapse under its holder. False: freed only by its holder's end. */
  readonly lossy: boolean;
  /** Of a lossy lock: how long a lease lasts without renewal, in ms. */
  readonly leaseMs?: number | undefined;
  /**
   * Waits for the lock (until unsubscribed: the manager owns the deadline), never steals it, runs `critical`
   * under it and frees it on every exit. Emits what `critical` emits. Starts at once, synchronously, when the
   * lock is in this process and free.
   */
  hold<T>(critical: (lease: Lease) => Observable<T>): Observable<T>;
  /** For people: who holds the lock and since when (epoch ms), as far as can be told. */
  holder?(): ObservableInput<LockHolder | null>;
}

export interface LockHolder {
  readonly by: string;
  readonly since: number;
}

/** The right to use the refresh token, while it lasts. */
export interface Lease {
  /**
   * Aborts before a lossy lease can lapse. Of a lock that is not lossy only when it was lost all the same, as with
   * the connection that it was held by.
   */
  readonly signal: AbortSignal;
  /** How long the lease certainly lasts, in ms; `Infinity` where the lock is not lossy, unless it was lost. */
  remainingMs(): number;
  /**
   * Journals, durably, that the refresh token of `held` is about to be used until `until` (epoch ms), and
   * reserves room for its successor. Fails rather than promise what it cannot keep.
   */
  prepare(held: Credentials, version: Version, sentAt: number, until: number): ObservableInput<unknown>;
  /**
   * The exchange certainly did not spend the token: strikes the journal out; one that was there before stays.
   *
   * @param isGranted the provider has given the same tokens again: no earlier answer matters any more
   */
  acquit(isGranted?: boolean): ObservableInput<unknown>;
  /** The provider refused the refresh token of `held` for good: marks it dead, durably (by fingerprint). */
  condemn(held: Credentials): ObservableInput<unknown>;
}

/** What is accepted wherever a store is: a pair of promises, kept consistent within this process only. */
export interface GetSetPair {
  get(): PromiseLike<unknown>;
  set(credentials: Credentials | null): PromiseLike<unknown>;
}
