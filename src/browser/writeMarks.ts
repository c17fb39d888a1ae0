import {
  defer,
  filter,
  firstValueFrom,
  merge,
  race,
  repeat,
  Subject,
  take,
  tap,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import { backgroundOf } from '../unrefScheduler.js';
import { awake } from './awake.js';
import type { LockManagerLike } from './platform.js';

/** How long a mark stays: far longer than a write needs to be seen in every process of a browser. */
const MARK_MS = 5_000;
const LOOK_MS = 2;

/**
 * Web storage may lag: each process of a browser has a copy of its own, and a write reaches the others on another
 * way than a lock does (measured in Chromium: of 10 000 numbers counted up under a Web Lock on a busy machine, two
 * were lost). So each write is numbered, in the storage behind what it wrote, and before that in the name of a
 * lock, which is seen at once by all.
 */
export interface WriteMarks {
  /** Resolves when all writes are seen here that are marked. */
  seen(): Promise<void>;
  /** Marks the next write; resolves with its number, to be stored with it. */
  next(): Promise<number>;
  /** The write that was marked last did not come to pass. */
  withdraw(): void;
}

/**
 * @param stored the number in the storage, as it is seen here
 * @param away$ emits when this page is about to go
 * @param lagMs how long a number may take to arrive; one that was removed from the storage never does
 */
export function writeMarks(
  locks: LockManagerLike,
  name: string,
  stored: () => number,
  scheduler: SchedulerLike,
  away$: Observable<unknown>,
  lagMs = 1_000,
): WriteMarks {
  const prefix = `${name}/write `;
  const background = backgroundOf(scheduler);
  let removed = 0;
  let unmark$ = new Subject<void>();

  async function marked(): Promise<number> {
    const { held = [] } = await locks.query();
    const marks = held.flatMap(({ name: mark = '' }) => (mark.startsWith(prefix) ? [mark] : []));
    return Math.max(0, ...marks.map((mark) => Number(mark.slice(prefix.length)) || 0));
  }

  return {
    async seen() {
      let awaited = 0;
      const arrived$ = defer(marked).pipe(
        tap((number) => (awaited = number)),
        repeat({ delay: () => timer(LOOK_MS, scheduler) }),
        filter(() => stored() >= awaited || awaited === removed),
        take(1),
      );
      const late$ = awake(lagMs, scheduler).pipe(tap(() => (removed = awaited)));
      await firstValueFrom(race(arrived$, late$));
    },
    async next() {
      const number = Math.max(stored(), await marked()) + 1;
      const before$ = unmark$;
      await new Promise<void>((resolve, reject) => {
        const mark = (): Promise<unknown> => {
          resolve();
          unmark$ = new Subject();
          // not for ever: a page with a lock is not kept for the way back
          return firstValueFrom(merge(unmark$, timer(MARK_MS, background), away$));
        };
        locks.request(`${prefix}${number}`, { mode: 'shared' }, mark).catch(reject);
      });
      before$.next();
      return number;
    },
    withdraw: () => unmark$.next(),
  };
}
