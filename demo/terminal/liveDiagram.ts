import type { WriteStream } from 'node:tty';
import {
  distinctUntilChanged,
  ignoreElements,
  interval,
  last,
  map,
  type Observable,
  startWith,
  takeUntil,
  tap,
  withLatestFrom,
} from 'rxjs';
import { hold } from './hold.js';
import type { Size } from './marbleDiagram.js';
import type { Picture } from './picture.js';
import { screenOn, sizes } from './screen.js';

const FRAME_MS = 100;

/** Draws the latest picture ten times a second, on a screen of its own, until there are no more. Emits nothing. */
export function liveDiagram(
  picture$: Observable<Picture>,
  out: WriteStream,
  drawn: (picture: Picture, now: number, size: Size) => readonly string[],
): Observable<never> {
  return hold(screenOn(out), (screen) =>
    interval(FRAME_MS).pipe(
      startWith(null),
      withLatestFrom(picture$, sizes(out)),
      map(([, picture, size]) => drawn(picture, Date.now(), size)),
      distinctUntilChanged((a, b) => a.join('\n') === b.join('\n')),
      tap((lines) => screen.draw(lines)),
      ignoreElements(),
      takeUntil(picture$.pipe(last(null, null))),
    ),
  );
}
