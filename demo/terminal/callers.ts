import { setImmediate as nextTurn } from 'node:timers/promises';
import { bufferTime, filter, interval, map, mergeMap, type Observable, takeUntil } from 'rxjs';
import type { TokenManager } from 'rx-token';
import { addCalls, type Calls } from './calls.js';

/** 10 000 calls a second, with air between the bursts for everybody else on this machine. */
const BURST_MS = 10;
const CALLS_PER_BURST = 100;
const REPORT_MS = 200;

/**
 * Callers who never stop asking for a token, and who wait for nobody: neither does the next burst for this
 * one. Emits what they met, five times a second; after `end$` once more, when the last is answered.
 */
export function callers(tokens: TokenManager, end$: Observable<unknown>): Observable<Calls> {
  const tick$ = interval(BURST_MS).pipe(takeUntil(end$));
  return tick$.pipe(
    mergeMap(() => burst(tokens)),
    bufferTime(REPORT_MS),
    filter((bursts) => bursts.length > 0),
    map((bursts) => bursts.reduce(addCalls)),
  );
}

async function burst(tokens: TokenManager): Promise<Calls> {
  const askedAt = performance.now();
  let served = 0;
  let refused = 0;
  const answers = Array.from({ length: CALLS_PER_BURST }, () =>
    tokens.getValidToken().then(
      () => served++,
      () => refused++,
    ),
  );
  await nextTurn(); // what was in memory has been answered by now
  const waited = CALLS_PER_BURST - served - refused;
  await Promise.all(answers);
  return { served, refused, waited, longestWaitMs: waited > 0 ? performance.now() - askedAt : 0 };
}
