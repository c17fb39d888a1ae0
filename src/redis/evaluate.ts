import type { Commands } from './commandsOf.js';
import { wordOf } from './redisError.js';
import type { Script } from './scripts.js';

/** What the server says. */
export type Answer = string | number | null | readonly Answer[];

/** Whether a script has refused: some clients are told to give numbers as strings. */
export function isNo(answer: Answer): boolean {
  return String(answer) === '0';
}

const known = new Map<Script, Promise<string>>();

/** Runs a script by its name, and tells the server what it is where it does not know, as after a restart. */
export async function evaluate(
  { send }: Commands,
  script: Script,
  keys: readonly [string, ...string[]],
  words: readonly string[],
  left: AbortSignal,
): Promise<Answer> {
  const name = known.get(script) ?? sha1(script.lua);
  known.set(script, name);
  /** Not for who has left: they were told that it failed. */
  const sent = async (command: string, what: string): Promise<Answer> => {
    if (left.aborted) throw left.reason;
    return (await send(keys[0], [command, what, String(keys.length), ...keys, ...words], left)) as Answer;
  };
  try {
    return await sent('EVALSHA', await name);
  } catch (error) {
    if (wordOf(error) !== 'NOSCRIPT') throw error;
    return sent('EVAL', script.lua);
  }
}

async function sha1(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
