import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bearerError } from '../src/bearerError.js';

describe('bearerError', () => {
  it.each<[string | null | undefined, string | undefined]>([
    [undefined, undefined],
    [null, undefined],
    ['', undefined],
    ['Bearer', undefined],
    ['Bearer realm="api"', undefined],
    ['Bearer error="invalid_token"', 'invalid_token'],
    ['bearer ERROR=invalid_token', 'invalid_token'],
    ['Bearer realm="a, b", error="insufficient_scope", scope="x y"', 'insufficient_scope'],
    ['Bearer realm="say \\"error=\\\\\\"", error = "in\\valid_token"', 'invalid_token'],
    ['Bearer error_description="error=insufficient_scope"', undefined],
    ['Basic realm="x", Bearer error="invalid_token"', 'invalid_token'],
    ['Bearer realm="x", Digest error="insufficient_scope"', undefined],
    ['DPoP error="invalid_token", algs="ES256"', undefined],
    ['Negotiate dG9rZW4=, Bearer error="invalid_request"', 'invalid_request'],
    ['Basic realm="the Bearer error=insufficient_scope"', undefined],
  ])('%j tells %j', (header, error) => {
    expect(bearerError(header)).toBe(error);
  });

  it('is done at once with any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5_000 }), (text) => {
        expect(['string', 'undefined']).toContain(typeof bearerError(`Bearer ${text}`));
      }),
    );
  });
});
