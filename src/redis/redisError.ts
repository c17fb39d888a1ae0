import { StoreError, TokenError } from '../errors.js';
import type { Script } from './scripts.js';

/** The first word of what the server refuses with: its code. What follows may quote what it was sent. */
export function wordOf(error: unknown): string | undefined {
  const { message } = Object(error) as { message?: unknown };
  return /^-?([A-Z]{3,})(?= |$)/.exec(String(message))?.[1];
}

/** The system's code of a connection that failed. */
function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return /^[A-Z_]+$/.test(String(code)) ? String(code) : undefined;
}

/** Refusals of a server that has just started, or is just taking over: they pass by themselves. */
const PASSING = ['LOADING', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN'];

/** True where the same may succeed a little later, and the script has certainly not run. */
export function isPassing(error: unknown): boolean {
  return PASSING.includes(wordOf(error) ?? '');
}

/** True where the connection failed, and nobody knows what the server has done. */
export function isUnknown(error: unknown): boolean {
  return wordOf(error) === undefined;
}

export function lateError(): Error {
  return Object.assign(new Error(), { code: 'ETIMEDOUT' });
}

/**
 * What went wrong at `key`, without a word of what the server or the client says: it may hold a token.
 *
 * @param isClosed the client was closed, or is not open yet
 */
export function redisError({ isRead }: Script, key: string, error: unknown, isClosed: boolean): TokenError {
  if (error instanceof TokenError) return error;
  const byDefault = isClosed ? 'the client is closed: call connect() first' : 'the connection failed';
  const reason = wordOf(error) ?? codeOf(error);
  if (reason === 'WRONGTYPE') return corrupt(key);
  return new StoreError(
    isRead ? 'store_unreadable' : 'store_unwritable',
    `Redis: cannot ${isRead ? 'read' : 'write'} ${key} (${reason ?? byDefault})`,
    reason,
  );
}

export function corrupt(key: string): StoreError {
  return new StoreError(
    'store_corrupt',
    `Redis: ${key} holds no credentials; set() replaces it and keeps a copy`,
  );
}
