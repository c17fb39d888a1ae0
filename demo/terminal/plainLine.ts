import { counts } from './counts.js';
import type { Happening } from './happening.js';
import type { Picture } from './picture.js';
import { ending } from './summary.js';

/** What happened, as a line for a pipe; null if it is of no interest. */
export function plainLine(happening: Happening, picture: Picture): string | null {
  const text = sentence(happening, picture);
  return text === null ? null : stamped(text, happening.at, picture);
}

/** The numbers, as a line. */
export function countsLine(picture: Picture, now: number): string {
  const numbers = counts(picture).map(({ name, value }) => `${name}: ${value}`);
  return stamped(numbers.join(', '), now, picture);
}

function stamped(text: string, at: number, { startedAt = at }: Picture): string {
  return `${(Math.max(0, at - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`;
}

function sentence(happening: Happening, { lanes }: Picture): string | null {
  const who = 'lane' in happening ? `process ${happening.lane + 1}` : 'provider ';
  switch (happening.type) {
    case 'granted':
    case 'called':
      return null; // in the numbers
    case 'expired':
      return `${who}  an access token has expired`;
    case 'reused':
      return `${who}  REUSE: was shown a refresh token that is spent`;
    case 'started':
      return `${who}  started, pid ${happening.pid}`;
    case 'ended':
      return `${who}  ${happening.accident ? ending(happening.accident) : 'ended'}`;
    case 'emitted':
      return `${who}  emitted token ${lanes[happening.lane]?.marks.at(-1)?.text ?? '?'}`;
    case 'refreshed':
      return `${who}  did the refresh`;
    case 'adopted':
      return `${who}  adopted a sibling's`;
    case 'failed':
      return `${who}  failed: ${happening.code}`;
  }
}
