import { NEVER, type Subscription } from 'rxjs';
import type { CredentialStore, Lease } from 'rx-token';

/** Somebody who waits for the refresh lock of a store, and stays inside until unsubscribed. */
export interface Waiter {
  readonly subscription: Subscription;
  /** When it got in (epoch ms); 0 before. */
  at: number;
  lease?: Lease;
  error?: unknown;
}

export function waitFor(store: CredentialStore): Waiter {
  const got: Omit<Waiter, 'subscription'> = { at: 0 };
  const subscription = store.lock
    .hold((lease) => {
      Object.assign(got, { at: performance.timeOrigin + performance.now(), lease });
      return NEVER;
    })
    .subscribe({ error: (error: unknown) => Object.assign(got, { error }) });
  return Object.assign(got, { subscription });
}
