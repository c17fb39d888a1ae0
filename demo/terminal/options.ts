import { parseArgs, type ParseArgsConfig } from 'node:util';

export interface Options {
  /** How long to run; until Ctrl-C where it is not given. */
  readonly seconds: number | undefined;
  readonly processes: number;
  /** Of an access token, in seconds. */
  readonly lifetime: number;
  /** Replays a spent refresh token, to see that the provider notices. */
  readonly misbehave: boolean;
  readonly help: boolean;
}

/** What was typed makes no sense; the message says what would. */
export class UsageError extends Error {}

export const USAGE = `One OAuth credential, shared by separate processes, refreshed once for each expiry: a live marble diagram.

  npm start -- [options]

  --seconds N      end after N seconds, with a summary (default: at Ctrl-C)
  --processes N    how many processes share the credential file, 1 to 12 (default 3)
  --misbehave      replay a spent refresh token on purpose: the provider must notice
  --help           show this

Exit code: 0 if all went well, 1 if not (above all if the provider saw a refresh token twice), 2 for bad
options.
`;

const known = {
  seconds: { type: 'string' },
  processes: { type: 'string', default: '3' },
  lifetime: { type: 'string', default: '10' }, // for the spec, which has no ten seconds to spare
  misbehave: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies ParseArgsConfig['options'];

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const { seconds, processes, lifetime, misbehave, help } = parse(args);
  return {
    seconds: seconds === undefined ? undefined : numberFrom('--seconds', seconds, 0.1, 86_400),
    processes: wholeNumberFrom('--processes', processes, 1, 12),
    lifetime: wholeNumberFrom('--lifetime', lifetime, 1, 3600),
    misbehave,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function numberFrom(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a number from ${min} to ${max}, and is '${text}'`);
}

function wholeNumberFrom(name: string, text: string, min: number, max: number): number {
  const value = numberFrom(name, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`${name} must be a whole number, and is '${text}'`);
}
