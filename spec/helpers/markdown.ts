/** A fenced block. `marks` are the words behind its language. */
export interface Block {
  readonly language: string;
  readonly marks: readonly string[];
  readonly code: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
}

const FENCED = /^```(.*)\n([^]*?)^```$/gm;

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(FENCED)].map(({ 1: info = '', 2: code = '', index }) => {
    const [language = '', ...marks] = info.split(' ');
    return { language, marks, code, line: text.slice(0, index).split('\n').length + 1 };
  });
}

/** The rows of the one table whose first column has this heading, without that. */
export function table(text: string, heading: string): string[][] {
  const cells = (row: string): string[] =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
  const tables = text.split('\n\n').filter((paragraph) => paragraph.startsWith('|'));
  const found = tables
    .map((paragraph) => paragraph.trim().split('\n').map(cells))
    .filter(([heads]) => heads?.[0] === heading);
  if (found.length !== 1) throw new TypeError(`There are ${found.length} tables of '${heading}'`);
  return found[0]?.slice(2) ?? [];
}

/** What stands in `code`. */
export function words(text: string): string[] {
  return [...text.matchAll(/`([^`\n]*)`/g)].map(([, word = '']) => word);
}

/** What a row is about: the word in its first cell, without its parameters. */
export function subjectOf([first = '']: readonly string[]): string {
  return words(first)[0]?.replace(/\(.*\)$/, '') ?? first;
}

/** The targets of all links, outside of code. */
export function linksOf(text: string): string[] {
  const prose = text.replace(FENCED, '').replace(/`[^`\n]*`/g, 'code');
  return [...prose.matchAll(/\]\(([^)\s]*)\)/g)].map(([, target = '']) => target);
}

/** Links to the headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  const headings = [...text.replace(FENCED, '').matchAll(/^#+ (.*)$/gm)];
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  return headings.map(([, heading = '']) => `#${slug(heading)}`);
}
