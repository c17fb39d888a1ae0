import { groupBy, mergeMap, type MonoTypeOperatorFunction, skip } from 'rxjs';

/**
 * Lets through only what comes again: every value but the first of each key.
 *
 *     source    --a--b--a--c--b--a--|
 *     repeated  --------a-----b--a--|
 */
export function repeated<T>(keyOf: (value: T) => string): MonoTypeOperatorFunction<T> {
  return (source$) =>
    source$.pipe(
      groupBy(keyOf),
      mergeMap((same$) => same$.pipe(skip(1))),
    );
}
