import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Credentials } from '../src/credentials.js';
import { mergeRotation } from '../src/mergeRotation.js';
import type { TokenResponse } from '../src/tokenResponse.js';

const SENT_AT = 1_000;
const held: Credentials = {
  access_token: 'A1',
  refresh_token: 'R1',
  expires_at: 500,
  expires_in: 1,
  token_type: 'DPoP',
  scope: 'read write',
  id_token: 'I1',
  tenant: { region: 'eu' },
};

describe('mergeRotation', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['absent', {}, 'R1'],
    ['undefined', { refresh_token: undefined }, 'R1'],
    ['null', { refresh_token: null }, 'R1'],
    ['empty', { refresh_token: '' }, 'R1'],
    ['blank', { refresh_token: '  ' }, 'R1'],
    ['no string', { refresh_token: 7 }, 'R1'],
    ['new', { refresh_token: 'R2' }, 'R2'],
    ['the same', { refresh_token: 'R1' }, 'R1'],
  ])('with a refresh token that is %s', (_what, response, refresh_token) => {
    let merged = held;
    for (let n = 2; n < 5; n++) {
      merged = mergeRotation(merged, { ...response, access_token: `A${n}` }, SENT_AT);
      expect(merged).toMatchObject({ access_token: `A${n}`, refresh_token });
    }
  });

  it('inherits neither the kind of the access token nor its end', () => {
    expect({ ...mergeRotation(held, { access_token: 'A2' }, SENT_AT) }).toEqual({
      access_token: 'A2',
      refresh_token: 'R1',
      scope: 'read write',
      id_token: 'I1',
      tenant: { region: 'eu' },
    });
  });

  it('takes what the answer tells', () => {
    const response = {
      access_token: 'A2',
      token_type: 'Bearer',
      scope: 'read',
      id_token: 'I2',
      tenant: 'us',
      more: [],
    };
    expect(mergeRotation(held, { ...response, expires_in: '60' }, SENT_AT)).toEqual({
      ...response,
      refresh_token: 'R1',
      expires_in: '60',
      expires_at: SENT_AT + 60_000,
    });
  });

  it('keeps what the answer is silent about', () => {
    const silent = { access_token: 'A2', scope: undefined, id_token: null, tenant: null, token_type: null };
    const merged = mergeRotation(held, silent, SENT_AT);

    expect(merged).toMatchObject({ scope: 'read write', id_token: 'I1', tenant: { region: 'eu' } });
    expect(merged.token_type).toBeUndefined();
  });

  it('takes false and 0 for answers', () => {
    expect(
      mergeRotation({ ...held, a: 1, b: true }, { access_token: 'A2', a: 0, b: false }, SENT_AT),
    ).toMatchObject({
      a: 0,
      b: false,
    });
  });

  it('gives a new sign-in nothing of another account', () => {
    expect(mergeRotation(null, { access_token: 'B1' }, SENT_AT)).toEqual({ access_token: 'B1' });
  });

  it('counts the lifetime from when the request was sent', () => {
    const response = { access_token: 'A2', expires_in: 3600 };
    expect(mergeRotation(held, response, SENT_AT).expires_at).toBe(SENT_AT + 3_600_000);
    expect(mergeRotation(held, { access_token: 'A2' }, SENT_AT, 90_000).expires_at).toBe(SENT_AT + 90_000);
  });

  it('counts from now when it is not told', () => {
    const before = Date.now();
    const { expires_at } = mergeRotation(null, { access_token: 'A1', expires_in: 1 });
    expect(expires_at).toBeGreaterThanOrEqual(before + 1000);
    expect(expires_at).toBeLessThanOrEqual(Date.now() + 1000);
  });

  it('changes neither of what it was given', () => {
    const [previous, response] = [structuredClone(held), { access_token: 'A2', list: [1] }];
    const merged = mergeRotation(previous, response, SENT_AT);

    expect([previous, response]).toEqual([held, { access_token: 'A2', list: [1] }]);
    expect(Object.isFrozen(merged) && Object.isFrozen(merged['list'])).toBe(true);
    expect(Object.isFrozen(response.list)).toBe(false);
  });

  it.each([undefined, null, {}, { access_token: '' }, { access_token: ' ' }, { access_token: 1 }, [], 'A2'])(
    'refuses %j, which is no token response',
    (response) => {
      expect(() => mergeRotation(held, response as never, SENT_AT)).toThrow(TypeError);
      expect(() => mergeRotation(held, response as never, SENT_AT)).toThrow('access_token');
    },
  );

  it('takes no prototype from outside', () => {
    const hostile = JSON.parse('{"access_token":"A2","__proto__":{"bad":1}}') as TokenResponse;
    expect(mergeRotation(held, hostile, SENT_AT)['bad']).toBeUndefined();
    expect(JSON.stringify(mergeRotation(held, hostile, SENT_AT))).not.toContain('bad');
  });

  describe('for whatever a provider answers', () => {
    const fields = fc.constantFrom(
      'refresh_token',
      'expires_in',
      'expires_at',
      'scope',
      'id_token',
      'token_type',
      'x',
    );
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('', ' ', 'told', 0, 3600, { toString: 1 }));
    const responses = fc.dictionary(fields, odd).map((told) => ({ ...told, access_token: 'A2' }));
    const always = (law: (merged: Credentials, response: TokenResponse) => void): void => {
      fc.assert(fc.property(responses, (response) => law(mergeRotation(held, response, SENT_AT), response)));
    };

    it('there is a refresh token that can be sent', () =>
      always(({ refresh_token }, response) => {
        const told = response.refresh_token;
        expect(refresh_token).toBe(typeof told === 'string' && told.trim() ? told : 'R1');
      }));

    it('nothing of the old access token is left', () =>
      always((merged, { token_type, expires_in, expires_at }) => {
        expect(merged.access_token).toBe('A2');
        expect(merged.expires_at).not.toBe(held.expires_at === expires_at ? NaN : held.expires_at);
        if (expires_in === undefined && expires_at === undefined) expect(merged.expires_in).toBeUndefined();
        if (token_type === undefined) expect(merged.token_type).toBeUndefined();
      }));

    it('no field is lost, whether told or held', () =>
      always((merged, response) => {
        for (const field of ['scope', 'id_token', 'tenant', 'x']) {
          const told = response[field];
          const expected = told ?? held[field];
          expect(JSON.stringify(merged[field])).toBe(JSON.stringify(expected));
        }
      }));

    it('merging it again changes nothing', () =>
      always((merged, response) => {
        expect(mergeRotation(merged, response, SENT_AT)).toEqual(merged);
      }));
  });
});
