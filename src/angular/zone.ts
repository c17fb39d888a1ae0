import { NgZone } from '@angular/core';
import {
  asyncScheduler,
  Observable,
  type SchedulerAction,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';

/** The `asyncScheduler`, its timers outside the zone: `ApplicationRef.isStable` would wait for them. */
export function timersOutside(zone: NgZone): SchedulerLike {
  return {
    now: () => asyncScheduler.now(),
    schedule: <T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription =>
      zone.runOutsideAngular(() => asyncScheduler.schedule(work as never, delay, state)),
  };
}

/** The same, listened to outside the zone: nothing there is worth a change detection. */
export function listenOutside<T>(zone: NgZone, source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => zone.runOutsideAngular(() => source$.subscribe(subscriber)));
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
