import type { WriteStream } from 'node:tty';
import { ascii, type Glyphs, unicode } from './glyphs.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether pictures can be drawn there, in place; else there are lines. */
export function isScreen(out: Pick<WriteStream, 'isTTY'>, { TERM }: Environment): boolean {
  return out.isTTY && TERM !== 'dumb';
}

/** https://no-color.org */
export function hasColour({ NO_COLOR }: Environment): boolean {
  return NO_COLOR === undefined || NO_COLOR === '';
}

/** The locale tells what a terminal can show: the first of these that is set. */
export function glyphsFor({ LC_ALL, LC_CTYPE, LANG }: Environment): Glyphs {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value) ?? '';
  return /utf-?8/i.test(locale) ? unicode : ascii;
}
