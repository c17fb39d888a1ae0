import { concat, defer, from, ignoreElements, tap, type Observable, type ObservableInput } from 'rxjs';
import type { CredentialStore, Lease } from 'rx-token';

/** What a store is asked to do, in the words of its contract. */
export type StoreAction = 'read' | 'write' | 'hold' | 'prepare' | 'acquit' | 'condemn' | 'release';

/**
 * Is told of each action before it is done, with its first argument. What it throws is what the action fails
 * with; what it returns, if anything, is waited for.
 */
export type Meddler = (action: StoreAction, argument: unknown) => ObservableInput<unknown> | undefined;

/** A store with somebody between it and the manager: to watch, to slow down, to break. */
export function faultyStore(store: CredentialStore, meddle: Meddler): CredentialStore {
  const meddled = <T>(
    action: StoreAction,
    argument: unknown,
    work: () => ObservableInput<T>,
  ): Observable<T> =>
    defer(() => {
      const wait = meddle(action, argument);
      return wait ? concat(from(wait).pipe(ignoreElements()) as Observable<T>, defer(work)) : from(work());
    });
  const meddledLease = (lease: Lease): Lease => ({
    signal: lease.signal,
    remainingMs: () => lease.remainingMs(),
    prepare: (held, ...rest) => meddled('prepare', held, () => lease.prepare(held, ...rest)),
    acquit: (isGranted) => meddled('acquit', undefined, () => lease.acquit(isGranted)),
    condemn: (held) => meddled('condemn', held, () => lease.condemn(held)),
  });
  return {
    read: () => meddled('read', undefined, () => store.read()),
    write: (next, expected) => meddled('write', next, () => store.write(next, expected)),
    changes$: store.changes$,
    lock: {
      lossy: store.lock.lossy,
      hold: (critical) =>
        meddled('hold', undefined, () =>
          store.lock.hold((lease) =>
            defer(() => critical(meddledLease(lease))).pipe(
              tap(toldOfItsEnd(() => void meddle('release', undefined))),
            ),
          ),
        ),
    },
  };
}

/** However it ends, and before anyone hears of it. */
const toldOfItsEnd = (tell: () => void) => ({ complete: tell, error: tell, unsubscribe: tell });

/** Fails the next `count` actions of a kind. */
export function failing(action: StoreAction, count = Infinity, error: unknown = fullDisk()): Meddler {
  let left = count;
  return (asked) => {
    if (asked === action && left-- > 0) throw error;
    return undefined;
  };
}

/** As Node words it. */
export function fullDisk(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}
