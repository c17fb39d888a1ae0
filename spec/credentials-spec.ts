import { format, inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asCredentials, isCredentials, type Credentials } from '../src/credentials.js';

const given = {
  access_token: 'secret-access',
  refresh_token: 'secret-refresh',
  id_token: 'secret-id',
  token_type: 'Bearer',
  scope: 'read write',
  expires_at: 1_800_000_000_000,
  expires_in: 3600,
  tenant: { key: 'secret-tenant', regions: [{ name: 'secret-region' }] },
};

/** A value and all that is in it. */
function allIn(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(allIn)] : [];
}

const records = fc
  .dictionary(fc.string(), fc.jsonValue())
  .map((fields) => ({ ...fields, access_token: 'A1' }));

describe('asCredentials', () => {
  it('freezes a copy, to the bottom', () => {
    const original = structuredClone(given);
    const held = asCredentials(original);
    original.tenant.key = 'changed';

    expect(allIn(held)).toHaveLength(4);
    for (const part of allIn(held)) expect(Object.isFrozen(part)).toBe(true);
    expect(held['tenant']).toEqual(given.tenant);
    expect(() => Object.assign(held, { access_token: 'mine' })).toThrow(TypeError);
  });

  it('leaves what it was given as it was', () => {
    const original = structuredClone(given);
    asCredentials(original);

    expect(original).toEqual(given);
    expect(allIn(original).some((part) => Object.isFrozen(part))).toBe(false);
  });

  it('copies only once', () => {
    const held = asCredentials(given);
    expect(asCredentials(held)).toBe(held);
    expect(asCredentials({ ...held })).not.toBe(held);
  });

  it('is to JSON what it was made from, field by field', () => {
    fc.assert(
      fc.property(records, (record) => {
        const faithful = JSON.stringify(record, (key, value: unknown) =>
          key === '__proto__' ? undefined : value,
        );
        expect(JSON.stringify(asCredentials(record))).toBe(faithful);
      }),
    );
  });

  it.each(['toString', 'constructor', 'hasOwnProperty', 'valueOf', 'then', 'toJSON', 'length'])(
    'keeps a field that happens to be named %s',
    (field) => {
      const held = asCredentials({ access_token: 'A1', [field]: 'kept' });
      expect(JSON.parse(JSON.stringify(held))).toEqual({ access_token: 'A1', [field]: 'kept' });
    },
  );

  it('has no fields but those of the record', () => {
    const seen: string[] = [];
    for (const field in asCredentials(given)) seen.push(field);
    expect(seen).toEqual(Object.keys(given));
    expect({ ...asCredentials(given) }).toEqual(given);
  });

  it('leaves `__proto__` behind, at every depth', () => {
    const hostile = '{"access_token":"A1","__proto__":{"bad":1},"deep":[{"__proto__":{"bad":1},"good":1}]}';
    const held = asCredentials(JSON.parse(hostile) as Credentials);

    expect(held['bad']).toBeUndefined();
    expect(JSON.stringify(held)).toBe('{"access_token":"A1","deep":[{"good":1}]}');
    expect(({} as Record<string, unknown>)['bad']).toBeUndefined();
  });

  it.each<[string, (held: Credentials) => string]>([
    ['in a template string', (held) => `held: ${held as unknown as string}`],
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- it has one of its own
    ['as a string', (held) => String(held)],
    ['inspected', (held) => inspect(held)],
    ['inspected with all that is hidden', (held) => inspect(held, { showHidden: true, depth: 9 })],
    ['inspected within something', (held) => inspect({ error: { held: [held] } }, { depth: 9 })],
    ['logged', (held) => format('%s %o %O', held, held, held, held)],
  ])('shows no secret %s', (_how, print) => {
    expect(print(asCredentials(given))).toMatch(/credentials|redacted/i);
    expect(print(asCredentials(given))).not.toContain('secret');
  });

  it('shows what is safe, and useful, and which other fields there are', () => {
    const shown = inspect(asCredentials({ ...given, expires_in_more: 'secret', my_scope: 'secret' }));

    for (const part of [`'Bearer'`, `'read write'`, '1800000000000', '3600']) expect(shown).toContain(part);
    for (const field of Object.keys(given)) expect(shown).toContain(`${field}: `);
    expect(shown).not.toContain(`'secret`);
  });
});

describe('isCredentials', () => {
  it.each([
    [{ access_token: 'A1' }, true],
    [{ access_token: 'A1', anything: null }, true],
    [{ access_token: ' ' }, false],
    [{ access_token: '' }, false],
    [{ access_token: 1 }, false],
    [{ access_token: null }, false],
    [{}, false],
    ['A1', false],
    [7, false],
    [null, false],
    [undefined, false],
  ])('says of %j: %s', (value, expected) => {
    expect(isCredentials(value)).toBe(expected);
  });

  it('is asked about anything', () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof isCredentials(value) === 'boolean'));
  });
});
