import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What an outsider finds at `path`: the pair of tokens, or in words why there is none. */
export function pairAt(path: string): { readonly access: string; readonly refresh: string } | string {
  try {
    const { access_token, refresh_token } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    if (typeof access_token !== 'string' || typeof refresh_token !== 'string') return 'it holds no tokens';
    return { access: access_token, refresh: refresh_token };
  } catch (error) {
    return (error as Error).message;
  }
}

/** The temporary files beside it. */
export function leftoversOf(path: string): string[] {
  const ours = [basename(path), `${basename(path)}.lock`, `${basename(path)}.write.lock`];
  return readdirSync(dirname(path)).filter((name) => !ours.includes(name));
}

/** The refresh tokens that are whole on the disk, in place or about to be. */
export function savedIn(path: string): string[] {
  const files = [path, ...leftoversOf(path).map((name) => join(dirname(path), name))];
  return files.map(pairAt).flatMap((pair) => (typeof pair === 'string' ? [] : [pair.refresh]));
}
