import { defer, firstValueFrom, map, race, type SchedulerLike } from 'rxjs';
import { StoreError } from '../errors.js';
import { awake } from './awake.js';
import type { Shelf } from './shelf.js';

/** How long an answer may take: another page may keep the lock of writers, or the database, for as long as it likes. */
const ANSWER_MS = 10_000;

/** The same shelf, which answers in time or fails; what was given up for late is not done later. */
export function patientShelf(shelf: Shelf, scheduler: SchedulerLike): Shelf {
  function inTime<T>(
    code: 'store_unreadable' | 'store_unwritable',
    access: (mustBeInTime: () => void) => Promise<T>,
  ): Promise<T> {
    let late: StoreError | undefined;
    const mustBeInTime = (): void => {
      if (late) throw late;
    };
    const late$ = awake(ANSWER_MS, scheduler).pipe(
      map((): never => {
        throw (late = new StoreError(code, `Cannot use ${shelf.place}: it does not answer`, 'ETIMEDOUT'));
      }),
    );
    const answer$ = defer(() => access(mustBeInTime));
    return firstValueFrom(race(answer$, late$));
  }

  return {
    place: shelf.place,
    read: () => inTime('store_unreadable', () => shelf.read()),
    change: (step) =>
      inTime('store_unwritable', (mustBeInTime) =>
        shelf.change((found) => {
          mustBeInTime();
          return step(found);
        }),
      ),
  };
}
