export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** Some text in one style; every character is one code unit and one column wide. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

const SGR: Record<Style, string> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  red: '\x1b[1;31m',
  green: '\x1b[1;32m',
  yellow: '\x1b[1;33m',
  blue: '\x1b[1;34m',
  magenta: '\x1b[1;35m',
  cyan: '\x1b[1;36m',
};

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

export function widthOf(line: Line): number {
  return line.reduce((width, { text }) => width + text.length, 0);
}

/** Cut or filled to `width` columns. */
export function fitted(line: Line, width: number): Line {
  const fits: Span[] = [];
  let room = Math.max(0, width);
  for (const { text, style } of line) {
    const kept = text.slice(0, room);
    room -= kept.length;
    if (kept.length > 0) fits.push(span(kept, style));
  }
  return room > 0 ? [...fits, span(' '.repeat(room))] : fits;
}

/** For a terminal: with colours, or as it is. */
export function textOf(line: Line, colour: boolean): string {
  const text = line
    .map(({ text, style }) => (colour && style !== 'plain' ? `${SGR[style]}${text}\x1b[0m` : text))
    .join('');
  return text.replace(/ +$/, '');
}
