import type { WriteStream } from 'node:tty';
import { fromEvent, map, Observable, startWith } from 'rxjs';
import type { Size } from './marbleDiagram.js';

const ENTER = '\x1b[?1049h\x1b[?25l'; // the other screen, and no cursor
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** Draws over what is there: nothing is ever erased before there is something in its place. */
export interface Screen {
  draw(lines: readonly string[]): void;
}

/** Emits a screen of its own, and gives the old one back, with all that was on it, when it is left. */
export function screenOn(out: WriteStream): Observable<Screen> {
  return new Observable((subscriber) => {
    const leave = () => void out.write(LEAVE);
    process.once('exit', leave); // whatever ends us
    subscriber.add(() => {
      process.off('exit', leave);
      leave();
    });
    out.write(ENTER);
    subscriber.next({
      draw: (lines) => out.write(HOME + lines.join(`${REST_OF_LINE}\r\n`) + REST_OF_LINE + REST_OF_SCREEN),
    });
  });
}

/** Emits the size now and whenever it changes. Never completes. */
export function sizes(out: WriteStream): Observable<Size> {
  return fromEvent(out, 'resize').pipe(
    startWith(null),
    map(() => sizeOf(out)),
  );
}

/** Some terminals do not tell. */
export function sizeOf({ columns, rows }: WriteStream): Size {
  return { columns: columns || 80, rows: rows || 24 };
}
