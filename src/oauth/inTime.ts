import { from, Observable, throwError, timeout } from 'rxjs';
import { RefreshUnavailableError } from '../errors.js';
import type { Settings } from './readOptions.js';

/**
 * Emits once what `work` resolves with, and completes; errors if that takes longer than `timeoutMs`. Then, and when
 * it is unsubscribed from, the signal aborts.
 */
export function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, scheduler }: Pick<Settings, 'timeoutMs' | 'scheduler'>,
): Observable<T> {
  const result$ = new Observable<T>((subscriber) => {
    const aborting = new AbortController();
    const running = from(work(aborting.signal)).subscribe(subscriber);
    return () => {
      running.unsubscribe();
      aborting.abort();
    };
  });
  const late = () => throwError(() => new RefreshUnavailableError('The provider did not answer in time'));
  return result$.pipe(timeout({ first: timeoutMs, scheduler, with: late }));
}
