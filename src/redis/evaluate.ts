import type { Commands } from './commandsOf.js';
import { wordOf } from './redisError.js';
import type { Script } from './scripts.js';

/** What the server says. */
export type Answer = string | number | null | readonly Answer[];

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
  const given = [String(keys.length), ...keys, ...words];
  try {
    return (await send(keys[0], ['EVALSHA', await name, ...given], left)) as Answer;
  } catch (error) {
    if (wordOf(error) !== 'NOSCRIPT') throw error;
    return (await send(keys[0], ['EVAL', script.lua, ...given], left)) as Answer;
  }
}

async function sha1(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
