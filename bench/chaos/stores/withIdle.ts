import { BehaviorSubject, defer, filter, finalize, firstValueFrom } from 'rxjs';
import type { CredentialStore } from 'rx-token';

/** Tells when nobody is inside, or waiting for, the lock of a store: what was sent has been saved by then. */
export function withIdle(store: CredentialStore): { store: CredentialStore; idle: () => Promise<unknown> } {
  const inside$ = new BehaviorSubject(0);
  const hold: CredentialStore['lock']['hold'] = (critical) =>
    defer(() => {
      inside$.next(inside$.value + 1);
      return store.lock.hold(critical).pipe(finalize(() => inside$.next(inside$.value - 1)));
    });
  return {
    store: { ...store, lock: { ...store.lock, hold } },
    idle: () => firstValueFrom(inside$.pipe(filter((inside) => inside === 0))),
  };
}
