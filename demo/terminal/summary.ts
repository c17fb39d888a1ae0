import { counts, grouped } from './counts.js';
import type { Accident } from './happening.js';
import type { Picture } from './picture.js';

/** The whole run, in a few lines. */
export function summary(picture: Picture, now: number): string[] {
  const { startedAt, lanes, calls } = picture;
  const seconds = startedAt === undefined ? 0 : (now - startedAt) / 1000;
  const values = counts(picture);
  const width = Math.max(...values.map(({ value }) => value.length));
  return [
    `${lanes.length === 1 ? 'one process' : `${lanes.length} processes`}, ${seconds.toFixed(1)} s`,
    ...values.map(({ value, name }) => `  ${value.padStart(width)}  ${name}`),
    ...(calls.waited > 0 ? [`the longest wait: ${grouped(Math.ceil(calls.longestWaitMs))} ms`] : []),
    ...lanes.flatMap(({ accident }, nth) => (accident ? [`process ${nth + 1} ${ending(accident)}`] : [])),
    ...faults(picture).map((fault) => `FAILED: ${fault}`),
  ];
}

/** What must not happen. That somebody kills a process may: the others go on. */
export function faults({ reuses, calls, lanes }: Picture): string[] {
  const crashed = lanes.filter(({ accident }) => accident?.signal === null).length;
  return [
    ...(reuses > 0 ? [`the provider saw a refresh token again that was spent (${grouped(reuses)})`] : []),
    ...(calls.refused > 0 ? [`${grouped(calls.refused)} callers were refused`] : []),
    ...(crashed > 0 ? [`processes that ended by themselves: ${crashed}`] : []),
  ];
}

export function ending({ code, signal, stderr }: Accident): string {
  return signal
    ? `was killed (${signal})`
    : `ended by itself (exit code ${code ?? '?'})\n${stderr}`.trimEnd();
}
