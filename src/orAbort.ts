import { firstValueFrom, merge, type ObservableInput } from 'rxjs';
import { abortOf } from './abortOf.js';

/** What `work` comes to first, or the reason of the signal if that aborts before; then `work` is left. */
export function orAbort<T>(work: ObservableInput<T>, signal?: AbortSignal | null): Promise<T> {
  return firstValueFrom(merge(abortOf(signal), work));
}
