import { describe, expect, it } from '@jest/globals';
import { readOptions, UsageError } from '../server/options';

describe('the options of the demo', () => {
  it('are optional', () => {
    expect(readOptions([])).toEqual({ port: 4280, lifetime: 20, help: false });
    expect(readOptions(['--port', '0', '--lifetime', '3'])).toEqual({ port: 0, lifetime: 3, help: false });
  });

  it.each([
    [['--port', '65536'], /^--port must be a whole number from 0 to 65535, and is '65536'$/],
    [['--port', ''], /^--port/],
    [['--lifetime', '0'], /^--lifetime must be a whole number from 1 to 3600, and is '0'$/],
    [['--lifetime', '2.5'], /^--lifetime/],
    [['--lifetimes', '2'], /--lifetimes/],
  ])('are refused where they make no sense: %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
