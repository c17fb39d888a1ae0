import type { CredentialStore, Lease, Snapshot, Version, WriteResult } from '../../contracts.js';
import type { Credentials } from '../../credentials.js';

/** What not every store can do, or not every test can provoke. */
export type Capability =
  /** Two store objects over one credential: `sibling` of what `create` makes. */
  | 'siblings'
  /** The content outlives the store object: `reopen` of what `create` makes. */
  | 'survival'
  /** `changes$` hints at what others write. */
  | 'hearing'
  /** A free lock starts at once, synchronously. */
  | 'synchronousLock'
  /** `prepare`, `acquit` and `condemn` leave something for later readers. */
  | 'journal'
  /** A lease can be made to lapse: `lapse` of what `create` makes. */
  | 'lapsing'
  /** What the store stands on can be made to fail for a while: `disturb` of what `create` makes. */
  | 'disturbance';

/** A fresh store to try a law on, with the means that some laws need. Its credential is empty at first. */
export interface StoreUnderTest {
  readonly store: CredentialStore;
  /** Another store object over the same credential, as another process, tab or machine would have one. */
  readonly sibling?: CredentialStore | undefined;
  /** A store object over the same credential, as a process started later would have one. */
  readonly reopen?: (() => CredentialStore | PromiseLike<CredentialStore>) | undefined;
  /** Of a lossy lock: makes the lease of whoever holds the lock through `store` lapse, such as by a clock. */
  readonly lapse?: (() => unknown) | undefined;
  /** Breaks what the store stands on; what it returns repairs it. */
  readonly disturb?: (() => (() => unknown) | PromiseLike<() => unknown>) | undefined;
  /** Called after the law, kept or broken. */
  readonly dispose?: (() => unknown) | undefined;
}

/** One turn with the lock. */
export interface Turn {
  readonly isInside: boolean;
  /** Resolves when the lock was got; rejects after the deadline. */
  entered(sentence: string): Promise<Lease>;
  /** The critical section completes. */
  leave(): void;
  /** The critical section errors. */
  fail(error: Error): void;
  /** Unsubscribes, inside or still waiting. */
  abandon(): void;
}

/** What a law works with: everything has a deadline. */
export interface Bench {
  readonly store: CredentialStore;
  /** The store itself where there is no sibling. */
  readonly sibling: CredentialStore;
  reopen(): Promise<CredentialStore>;
  lapse(): Promise<void>;
  disturb(): Promise<() => Promise<void>>;
  read(from?: CredentialStore): Promise<Snapshot>;
  write(next: Credentials | null, expected: Version, to?: CredentialStore): Promise<WriteResult>;
  /** Waits for the lock; through `store` unless told otherwise. */
  take(through?: CredentialStore): Turn;
  /** Waits for what a lease was asked to do. */
  done(input: ReturnType<Lease['acquit']>): Promise<void>;
  /** Waits until `promise` has settled, or fails with `sentence`. */
  within<T>(promise: PromiseLike<T>, sentence: string): Promise<T>;
  /** Time enough for what must not happen to happen. */
  quiet(): Promise<void>;
}

export interface Law {
  /** A sentence that holds for every store. */
  readonly name: string;
  readonly needs?: readonly Capability[] | undefined;
  readonly holds: (bench: Bench) => Promise<void>;
}

/** Credentials to write, with all that a provider may send. */
export function someCredentials(generation: number, refreshToken = `refresh-of-${generation}`): Credentials {
  return {
    access_token: `access-of-${generation}`,
    refresh_token: refreshToken,
    expires_at: 2_000_000_000_000 + generation,
    expires_in: 3600,
    scope: 'read write',
    token_type: 'Bearer',
  };
}
