import { describe, expect, it } from '@jest/globals';
import { readOptions } from '../../demo/terminal/options.js';

describe('readOptions', () => {
  it('needs none', () => {
    expect(readOptions([])).toEqual({
      seconds: undefined,
      processes: 3,
      lifetime: 10,
      misbehave: false,
      help: false,
    });
  });

  it('reads them', () => {
    const args = ['--seconds', '30', '--processes=2', '--misbehave', '-h'];
    expect(readOptions(args)).toMatchObject({ seconds: 30, processes: 2, misbehave: true, help: true });
  });

  it.each([
    [['--seconds', '0'], '--seconds must be a number from 0.1 to 86400'],
    [['--seconds', ''], '--seconds must be a number'],
    [['--seconds', '1e9'], '--seconds must be a number'],
    [['--processes', 'NaN'], '--processes must be a number from 1 to 12'],
    [['--processes', '2.5'], '--processes must be a whole number'],
    [['--faster'], "Unknown option '--faster'"],
    [['30'], "Unexpected argument '30'"],
  ])('refuses %j, and says why', (args, why) => {
    expect(() => readOptions(args)).toThrow(why);
  });
});
