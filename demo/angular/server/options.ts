import { parseArgs } from 'node:util';

export interface Options {
  /** 0: any that is free. */
  readonly port: number;
  /** Of an access token, in seconds. */
  readonly lifetime: number;
  readonly help: boolean;
}

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {}

export const USAGE = `An Angular application whose tabs share one OAuth credential, with a real authorization server behind it.

  npm run demo:angular -- [options]

  --port N       where to listen, on loopback (default 4280; 0: any free port)
  --lifetime N   how long an access token lives, in seconds, 1 to 3600 (default 20)
  --help         show this
`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const { port, lifetime, help } = parse(args);
  return {
    port: wholeNumberFrom('--port', port, 0, 65_535),
    lifetime: wholeNumberFrom('--lifetime', lifetime, 1, 3600),
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '4280' },
        lifetime: { type: 'string', default: '20' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumberFrom(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, and is '${text}'`);
}
