import type { Pending } from './contracts.js';
import { frozenFrom, isCredentials, printable, type Credentials } from './credentials.js';

/**
 * What a stored text says: `null` is signed out, `undefined` is no credentials at all. Others sign out by writing
 * `null` or `{}`.
 */
export function credentialsFrom(text: string): Credentials | null | undefined {
  try {
    const value = frozenFrom(text);
    if (isCredentials(value)) return printable(value);
    return ['null', '{}'].includes(JSON.stringify(value)) ? null : undefined;
  } catch {
    return undefined; // the parser's own message would quote the text
  }
}

/** The fields of a stored object; none in garbage. */
export function fieldsFrom(text: string | null | undefined): Readonly<Record<string, unknown>> {
  try {
    return Object(frozenFrom(text ?? '')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Whether a stored value has the fields of `example`, each of the same type. */
export function isLike<T extends object>(value: unknown, example: T): value is T {
  const fields = Object(value) as Record<string, unknown>;
  return Object.entries(example).every(([field, one]) => typeof fields[field] === typeof one);
}

/** A stored journal, without what others put there; `undefined` for what is none. */
export function pendingFrom(value: unknown): Pending | undefined {
  if (!isLike<Pending>(value, { pair: '', sentAt: 0, until: 0, by: '' })) return undefined;
  const { pair, sentAt, until, by } = value;
  return { pair, sentAt, until, by };
}

/** A stored text; `undefined` for what is none. */
export function textFrom(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
