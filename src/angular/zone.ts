import { NgZone } from '@angular/core';
import {
  asyncScheduler,
  defer,
  Observable,
  type ObservableInput,
  type SchedulerAction,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';
import type { CredentialStore } from '../index.js';
import { leaseThrough } from '../leaseThrough.js';

/** The `asyncScheduler`, its timers outside the zone: `ApplicationRef.isStable` would wait for them. */
export function timersOutside(zone: NgZone): SchedulerLike {
  return {
    now: () => asyncScheduler.now(),
    schedule: <T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription =>
      zone.runOutsideAngular(() => asyncScheduler.schedule(work as never, delay, state)),
  };
}

/** The same, listened to outside the zone: nothing there is worth a change detection. */
function listenOutside<T>(zone: NgZone, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => zone.runOutsideAngular(() => source$.subscribe(subscriber)));
}

function listenInside<T>(zone: NgZone, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => zone.run(() => source$.subscribe(subscriber)));
}

/** The same, heard in the zone by whoever subscribes there, wherever it comes from. */
export function hearInside<T>(zone: NgZone, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    if (!NgZone.isInAngularZone()) return source$.subscribe(subscriber);
    return source$.subscribe({
      next: (value) => zone.run(() => subscriber.next(value)),
      error: (error: unknown) => zone.run(() => subscriber.error(error)),
      complete: () => zone.run(() => subscriber.complete()),
    });
  });
}

/** The same store, used outside the zone; what is done under its lock is done where the lock was asked for. */
export function storeOutside(zone: NgZone, store: CredentialStore): CredentialStore {
  const outside = <T>(ask: () => ObservableInput<T>): Observable<T> => listenOutside(zone, defer(ask));
  const { lock } = store;
  return {
    read: () => outside(() => store.read()),
    write: (next, expected) => outside(() => store.write(next, expected)),
    changes$: listenOutside(zone, store.changes$),
    isVolatile: () => !!store.isVolatile?.(),
    lock: {
      lossy: lock.lossy,
      leaseMs: lock.leaseMs,
      hold: (critical) =>
        defer(() => {
          const isInside = NgZone.isInAngularZone();
          return outside(() =>
            lock.hold((lease) => {
              const critical$ = defer(() => critical(leaseThrough(lease, outside)));
              return isInside ? listenInside(zone, critical$) : critical$;
            }),
          );
        }),
      holder: () => outside(() => lock.holder?.() ?? [null]),
    },
  };
}
