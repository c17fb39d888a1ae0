import { catchError, type MonoTypeOperatorFunction } from 'rxjs';

/** Replaces an error of the stream by what `replace` makes of it. */
export function orElseThrow<T>(replace: (error: unknown) => unknown): MonoTypeOperatorFunction<T> {
  return catchError((error: unknown) => {
    throw replace(error);
  });
}
