import {
  defer,
  EMPTY,
  exhaustMap,
  map,
  queueScheduler,
  repeat,
  type SchedulerLike,
  Subject,
  takeWhile,
} from 'rxjs';
import { timerAt } from './timerAt.js';

/** One thing, and where it is kept. */
export interface Place<T> {
  readonly key: string;
  readonly value: T;
  /** How many use it. */
  uses: number;
  /** Epoch ms; of one that nobody uses. */
  idleSince: number;
}

/** One thing for each key, made when it is wanted first, and ended when nobody has used it for a while. */
export interface Pool<T> {
  /** The one of `key`, if there is one. */
  find(key: string): T | undefined;
  /** Begins a use of the one of `key`, made if need be: while it is used it is not ended, unless by `drop`. */
  enter(key: string): Place<T>;
  /** Ends a use; as often as `enter` was called. */
  leave(place: Place<T>): void;
  /** Ends the one of `key`, whoever uses it. */
  drop(key: string): void;
  /** Ends all of them, and the timer. */
  drain(): void;
  /** How many there are. */
  readonly size: number;
}

export interface PoolConfig<T> {
  /** @param use begins a use, for what the thing is busy with by itself; what it returns ends that */
  make(key: string, use: () => () => void): T;
  end(value: T, key: string): void;
  /** True: it is not ended for being idle, this time. */
  isWanted(value: T): boolean;
  readonly idleMs: number;
  /** Where there are more, those that nobody uses are ended at once, the one that is idle longest first. */
  readonly maxActive: number;
  readonly scheduler: SchedulerLike;
}

/** One timer for all: it looks after the one that has been idle longest. */
export function createPool<T>({ make, end, isWanted, idleMs, maxActive, scheduler }: PoolConfig<T>): Pool<T> {
  const places = new Map<string, Place<T>>();
  /** In the order in which they became idle. */
  const idle = new Set<Place<T>>();
  const idling$ = new Subject<void>();

  function rest(place: Place<T>): void {
    idle.delete(place);
    place.idleSince = scheduler.now();
    idle.add(place);
    makeRoom();
    if (idle.size > 0) idling$.next();
  }

  function evict(place: Place<T>): void {
    places.delete(place.key);
    idle.delete(place);
    end(place.value, place.key);
  }

  /** After what is being told: the one that has just been left may have news. */
  function makeRoom(): void {
    if (places.size > maxActive) queueScheduler.schedule(evictSurplus);
  }

  function evictSurplus(): void {
    for (const place of idle) {
      if (places.size <= maxActive) return;
      evict(place);
    }
  }

  /** How many are still idle after those have ended that were for long enough. */
  function sweep(): number {
    for (const place of idle) {
      if (place.idleSince + idleMs > scheduler.now()) break;
      if (isWanted(place.value)) rest(place);
      else evict(place);
    }
    return idle.size;
  }

  function use(place: Place<T>): Place<T> {
    idle.delete(place);
    place.uses++;
    return place;
  }

  function leave(place: Place<T>): void {
    if (--place.uses === 0 && places.get(place.key) === place) rest(place);
  }

  function settle(key: string): Place<T> {
    const value = make(key, () => {
      use(place);
      return () => leave(place);
    });
    const place: Place<T> = { key, value, uses: 0, idleSince: 0 };
    places.set(key, place);
    makeRoom();
    return place;
  }

  const nextSweep$ = defer(() => {
    const [longest] = idle;
    return timerAt((longest?.idleSince ?? 0) + idleMs, scheduler);
  });
  const sweeps$ = nextSweep$.pipe(
    map(sweep),
    repeat(),
    takeWhile((left) => left > 0),
  );
  const watching = idling$.pipe(exhaustMap(() => (idleMs < Infinity ? sweeps$ : EMPTY))).subscribe();

  return {
    find: (key) => places.get(key)?.value,
    enter: (key) => use(places.get(key) ?? settle(key)),
    leave,
    drop(key) {
      const place = places.get(key);
      if (place) evict(place);
    },
    drain() {
      watching.unsubscribe();
      places.forEach(evict);
    },
    get size() {
      return places.size;
    },
  };
}
