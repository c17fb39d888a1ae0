import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** What `path` means now and from now on: `~` is the home folder, a relative path starts at the working folder. */
export function credentialPath(path: string): string {
  if (typeof path !== 'string' || path.trim() === '' || path.includes('\0')) {
    throw new TypeError('fileStore: path must be a non-empty string without NUL characters');
  }
  return resolve(path.replace(/^~(?=$|[/\\])/, homedir));
}
