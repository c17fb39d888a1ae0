import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jwtClaims } from '../src/jwt.js';
import { jwt } from './helpers/jwt.js';

/** RFC 7515 appendix A.1. */
const RFC_7515 =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9' +
  '.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ' +
  '.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

describe('jwtClaims', () => {
  it('reads the example of RFC 7515', () => {
    expect(jwtClaims(RFC_7515)).toEqual({ iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true });
  });

  it('reads the alphabet of base64url', () => {
    const claims = { sub: '~~~???>>>~~~???>>>' };
    expect(jwt(claims)).toMatch(/\..*[-_].*\./);
    expect(jwtClaims(jwt(claims))).toEqual(claims);
  });

  it.each([
    ['no token', undefined],
    ['an opaque token', 'opaque'],
    ['dots', '..'],
    ['no base64', 'a.*.c'],
    ['no JSON', `a.${btoa('{')}.c`],
    ['null', `a.${btoa('null')}.c`],
    ['a number in its place', 7 as never],
  ])('finds nothing in %s', (_what, token) => {
    expect(jwtClaims(token)).toEqual({});
  });

  it('is asked about anything', () => {
    fc.assert(fc.property(fc.string(), (token) => typeof jwtClaims(token) === 'object'));
    fc.assert(
      fc.property(
        fc.json(),
        (json) => typeof jwtClaims(`a.${Buffer.from(json).toString('base64url')}.c`).exp !== 'symbol',
      ),
    );
  });
});
