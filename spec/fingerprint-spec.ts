import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, isSamePair, pairFingerprint, tokenFingerprint } from '../src/fingerprint.js';

/** What a token is made of (RFC 6749 appendix A.12). */
const token = fc.string({
  minLength: 1,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

describe('fingerprint', () => {
  it('is different for different texts', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme-ascii' }),
        fc.string({ unit: 'grapheme-ascii' }),
        (one, other) => {
          expect(fingerprint(one) === fingerprint(other)).toBe(one === other);
        },
      ),
    );
  });

  it.each([
    ['counted', (n: number) => `token-${n}`],
    ['records', (n: number) => `{"access_token":"A${n % 300}","expires_at":${1.8e12 + Math.floor(n / 300)}}`],
    ['padded', (n: number) => `rt.${n.toString(2).padStart(17, '0')}`],
    ['alike but for one character', (n: number) => 'x'.repeat(n % 50) + String.fromCharCode(33 + n / 50)],
    ['beyond Latin', (n: number) => String.fromCharCode(0x4e00 + (n % 5_000), 0x3040 + n / 5_000)],
  ])('tells 10,000 texts apart that are %s', (_how, text) => {
    const texts = new Set(Array.from({ length: 10_000 }, (_, n) => text(n)));
    expect(new Set([...texts].map(fingerprint)).size).toBe(texts.size);
  });

  it('is the same for the same text', () => {
    fc.assert(
      fc.property(
        fc.string(),
        (text) => fingerprint(text) === fingerprint(`${text.slice(0, 1)}${text.slice(1)}`),
      ),
    );
  });

  it('is short, and holds nothing of the text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 16, unit: 'grapheme-ascii' }), (text) => {
        expect(fingerprint(text)).toMatch(/^[0-9a-z-]{1,15}$/);
        expect(fingerprint(text)).not.toContain(text);
      }),
    );
  });
});

describe('tokenFingerprint', () => {
  it('names the refresh token, whatever else there is', () => {
    const one = { access_token: 'A1', refresh_token: 'R1', scope: 'a' };
    expect(tokenFingerprint({ access_token: 'A2', refresh_token: 'R1' })).toBe(tokenFingerprint(one));
    expect(tokenFingerprint({ ...one, refresh_token: 'R2' })).not.toBe(tokenFingerprint(one));
  });

  it('names the access token where there is no other', () => {
    expect(tokenFingerprint({ access_token: 'A1' })).toBe(fingerprint('A1'));
  });
});

describe('pairFingerprint', () => {
  it('is the same for the same two tokens only', () => {
    const pairs = fc.record(
      { access_token: token, refresh_token: token },
      { requiredKeys: ['access_token'] },
    );
    fc.assert(
      fc.property(pairs, pairs, (one, other) => {
        expect(pairFingerprint(one) === pairFingerprint(other)).toBe(isSamePair(one, other));
        expect(pairFingerprint({ ...one, scope: 'other' })).toBe(pairFingerprint(one));
      }),
    );
  });

  it('does not take one token for the other', () => {
    const pair = { access_token: 'one', refresh_token: 'other' };
    expect(pairFingerprint({ access_token: 'other', refresh_token: 'one' })).not.toBe(pairFingerprint(pair));
    expect(pairFingerprint({ access_token: 'eother', refresh_token: 'on' })).not.toBe(
      pairFingerprint({ access_token: 'other', refresh_token: 'one' }),
    );
  });
});

describe('isSamePair', () => {
  const pair = { access_token: 'A1', refresh_token: 'R1' };
  it.each([
    [pair, { ...pair, scope: 'other', expires_at: 1 }, true],
    [pair, { ...pair, access_token: 'A2' }, false],
    [pair, { ...pair, refresh_token: 'R2' }, false],
    [pair, { access_token: 'A1' }, false],
    [pair, null, false],
    [null, pair, false],
    [null, null, true],
  ])('of %j and %j: %s', (a, b, expected) => {
    expect(isSamePair(a, b)).toBe(expected);
  });
});
