import { unlinkSync } from 'node:fs';

/** Removes a temporary file if it is there and can be removed: a left-over harms nobody. */
export function removeTemp(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // somebody else did, or the next one will
  }
}
