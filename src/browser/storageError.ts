import { StoreError, TokenError } from '../errors.js';

/** By the names of `DOMException` (https://webidl.spec.whatwg.org/#idl-DOMException-error-names). */
const MEANINGS: Record<string, string> = {
  QuotaExceededError: 'the storage of this origin is full; remove what is not needed',
  NS_ERROR_DOM_QUOTA_REACHED: 'the storage of this origin is full; remove what is not needed',
  SecurityError: 'the browser does not permit it, by its settings or in this frame; use memoryStore() there',
  InvalidStateError: 'the browser has closed it; reload the page',
  UnknownError: 'the browser cannot use its own files',
};

/** What the browser said of `place`, as an error that holds nothing of what is stored and says what to do. */
export function storageError(
  code: 'store_unreadable' | 'store_unwritable',
  place: string,
  error: unknown,
): TokenError {
  if (error instanceof TokenError) return error;
  const { name } = Object(error) as { name?: unknown };
  const reason = typeof name === 'string' && /^\w+$/.test(name) ? name : 'no name';
  const deed = code === 'store_unreadable' ? 'read' : 'write';
  const meaning = MEANINGS[reason] ?? 'the browser failed';
  return new StoreError(code, `Cannot ${deed} ${place}: ${meaning} (${reason})`, reason);
}

/** True where there was no room. */
export function isFull(error: unknown): boolean {
  return error instanceof StoreError && /QUOTA|Quota/.test(error.reason ?? '');
}
