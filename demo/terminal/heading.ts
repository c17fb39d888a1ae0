import { grouped } from './counts.js';
import type { Glyphs } from './glyphs.js';
import type { Picture } from './picture.js';
import { fitted, type Line, span, widthOf } from './styledText.js';

export interface Caption {
  /** Of an access token, in seconds. */
  readonly lifetime: number;
  /** How long the run takes; until Ctrl-C where it is not known. */
  readonly seconds: number | undefined;
}

const GAP = span('  ');

/** What is to be seen, and how long it has been going on. */
export function heading(
  { startedAt, lanes, calls }: Picture,
  now: number,
  columns: number,
  { dot }: Glyphs,
  { lifetime, seconds }: Caption,
): Line[] {
  const elapsed = startedAt === undefined ? 0 : (now - startedAt) / 1000;
  const clock = span(`${Math.floor(elapsed)} s${seconds === undefined ? '' : ` of ${seconds} s`}`, 'dim');
  const processes = lanes.length === 1 ? 'one process' : `${lanes.length} processes`;
  const title = [span('rx-token', 'bold'), span(`  one credential, ${processes}, one refresh per expiry`)];
  const facts = [
    'a real oidc-provider',
    'rotation on',
    `${lifetime}-second tokens`,
    ...(elapsed > 1 ? [`${grouped(Math.round(calls.served / elapsed))} calls a second`] : []),
  ];
  return [
    [...fitted(title, columns - widthOf([GAP, clock])), GAP, clock],
    [span(facts.join(` ${dot} `), 'dim')],
  ];
}
