/** What a diagram is drawn with. */
export interface Glyphs {
  readonly time: string;
  readonly now: string;
  readonly refreshed: string;
  readonly adopted: string;
  readonly failed: string;
  readonly completed: string;
  readonly killed: string;
  readonly dot: string;
}

/** As in the marble tests of RxJS. */
export const ascii: Glyphs = {
  time: '-',
  now: '>',
  refreshed: 'R',
  adopted: 'A',
  failed: 'x',
  completed: '|',
  killed: '#',
  dot: '|',
};

export const unicode: Glyphs = {
  time: '─',
  now: '▸',
  refreshed: '◆',
  adopted: '◇',
  failed: '✕',
  completed: '┤',
  killed: '#',
  dot: '·',
};
