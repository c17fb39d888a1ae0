import {
  concatMap,
  endWith,
  from,
  ignoreElements,
  type MonoTypeOperatorFunction,
  type ObservableInput,
} from 'rxjs';

/**
 * A `tap` that is waited for: runs `effect` for each value, one after the other, and passes the value on,
 * unchanged, when the effect has completed. An error of the effect is an error of the stream.
 */
export function tapAwait<T>(effect: (value: T) => ObservableInput<unknown>): MonoTypeOperatorFunction<T> {
  return concatMap((value) => from(effect(value)).pipe(ignoreElements(), endWith(value)));
}
