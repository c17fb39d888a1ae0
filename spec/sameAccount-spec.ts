import { describe, expect, it } from '@jest/globals';
import { sameAccount } from '../src/sameAccount.js';
import { jwt } from './helpers/jwt.js';

const ofAnn = jwt({ sub: 'ann', iat: 1 });
const ofAnnLater = jwt({ sub: 'ann', iat: 2 });
const ofBob = jwt({ sub: 'bob' });

describe('sameAccount', () => {
  it.each([
    ['the same subject', ofAnn, ofAnnLater, true],
    ['another subject', ofAnn, ofBob, false],
    ['one that does not tell', ofAnn, undefined, true],
    ['the other that does not tell', undefined, ofBob, true],
    ['neither telling', undefined, undefined, true],
    ['no subject in one', jwt({}), ofBob, true],
    ['what is no JWT', 'opaque', ofBob, true],
  ])('with %s', (_what, one, other, expected) => {
    const [a, b] = [one, other].map((id_token) => ({ access_token: 'A1', ...(id_token && { id_token }) }));
    expect(sameAccount(a!, b!)).toBe(expected);
    expect(sameAccount(b!, a!)).toBe(expected);
  });
});
