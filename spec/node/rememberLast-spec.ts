import { describe, expect, it } from '@jest/globals';
import { rememberLast } from '../../src/node/rememberLast.js';

describe('what was parsed last', () => {
  const parsed: string[] = [];
  const parse = rememberLast((bytes) => {
    parsed.push(bytes.toString());
    return { text: bytes.toString() };
  });

  it('is given again for the same bytes, in whatever buffer they come', () => {
    const first = parse(Buffer.from('one'));
    expect(parse(Buffer.from('one'))).toBe(first);
    expect(parsed).toEqual(['one']);
  });

  it('is parsed anew when a byte has changed, though the length has not', () => {
    expect(parse(Buffer.from('onE'))).toEqual({ text: 'onE' });
    expect(parse(Buffer.from('one'))).toEqual({ text: 'one' });
    expect(parsed).toEqual(['one', 'onE', 'one']);
  });

  it('need not be parsed by whoever wrote it', () => {
    const told = { text: 'two' };
    parse.keep(Buffer.from('two'), told);
    expect(parse(Buffer.from('two'))).toBe(told);
    expect(parsed).toEqual(['one', 'onE', 'one']);
  });

  it('is not given where parsing fails, which is tried again', () => {
    let tries = 0;
    const failing = rememberLast(() => {
      tries++;
      throw new SyntaxError('no');
    });
    expect(() => failing(Buffer.from('x'))).toThrow(SyntaxError);
    expect(() => failing(Buffer.from('x'))).toThrow(SyntaxError);
    expect(tries).toBe(2);
  });
});
