import { filter, interval, last, map, merge, type Observable, takeUntil, withLatestFrom } from 'rxjs';
import type { Happening } from './happening.js';
import type { Picture } from './picture.js';
import { countsLine, plainLine } from './plainLine.js';

const COUNTS_EVERY_MS = 5000;

/** For a pipe or a file: a line for what happens, when it happens, and the numbers now and then. */
export function plainLines(
  happening$: Observable<Happening>,
  picture$: Observable<Picture>,
): Observable<string> {
  const told$ = happening$.pipe(
    withLatestFrom(picture$),
    map(([happening, picture]) => plainLine(happening, picture)),
    filter((line) => line !== null),
  );
  const counted$ = interval(COUNTS_EVERY_MS).pipe(
    withLatestFrom(picture$),
    map(([, picture]) => countsLine(picture, Date.now())),
    takeUntil(happening$.pipe(last(null, null))),
  );
  return merge(told$, counted$);
}
