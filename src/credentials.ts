/**
 * What a user holds of a provider: the standard's own field names (RFC 6749 §5.1), because files and
 * databases already hold them, and whatever else the provider sent, untouched.
 *
 * Values made by this library are deeply frozen. Printed in Node or put in a template string they show no
 * secret; `JSON.stringify` stays faithful, since stores use it.
 */
export interface Credentials {
  readonly access_token: string;
  readonly refresh_token?: string;
  /** Epoch **milliseconds**. Absent: not known, valid until someone says otherwise. 0: due. */
  readonly expires_at?: number;
  /** Seconds, the lifetime as the provider gave it. */
  readonly expires_in?: number | string;
  readonly scope?: string;
  readonly token_type?: string;
  readonly id_token?: string;
  readonly [field: string]: unknown;
}

/** The fields that are safe, and useful, to print. */
const PRINTABLE = /^(token_type|scope|expires_(at|in))$/;

/** Inherited by every credential, so that its own enumerable fields stay those of the record. */
const redacting = Object.create(null, {
  toString: { value: () => '[Credentials]', writable: true }, // a provider may have a field of that name
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: Credentials) {
      const shown: Record<string, unknown> = { ...this };
      for (const field in shown) if (!PRINTABLE.test(field)) shown[field] = '[redacted]';
      return shown;
    },
  },
}) as object;

/** What a JSON text says, deeply frozen; `__proto__` keys, which only an attacker writes, are left behind. */
export function frozenFrom(text: string): unknown {
  return JSON.parse(text, (key, inner: unknown) => (key === '__proto__' ? undefined : Object.freeze(inner)));
}

/** True for a string with something in it. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !!value.trim();
}

/** True for an object with a usable access token: the least that can be called credentials. */
export function isCredentials(value: unknown): value is Credentials {
  return isText((value as Partial<Credentials> | null | undefined)?.access_token);
}

/** @throws TypeError that says what of `name` is wrong */
export function assertCredentials(value: unknown, name: string): asserts value is Credentials {
  if (!isCredentials(value)) throw new TypeError(`${name}: access_token must be a non-empty string`);
}

/** Freezes a copy of `value`, without what JSON cannot hold, and gives it a printed form without secrets. */
export function asCredentials(value: Credentials): Credentials {
  if (Object.getPrototypeOf(value) === redacting) return value;
  const text = JSON.stringify(value, (_field, inner: unknown) =>
    typeof inner === 'bigint' ? undefined : inner,
  );
  return printable(frozenFrom(text) as Credentials);
}

/** The same for what {@link frozenFrom} has made already. */
export function printable(frozen: Credentials): Credentials {
  return Object.freeze(Object.assign(Object.create(redacting) as Credentials, frozen));
}
