import { setTimeout as pause } from 'node:timers/promises';
import type { Disk } from './disk.js';
import { errnoOf } from './fsError.js';

/**
 * Repeats a rename or removal for a while: Windows refuses it as long as somebody has the file open, if only
 * to read it or to look for viruses.
 */
export async function patiently<T>(step: () => Promise<T>, { platform, patienceMs }: Disk): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let delayMs = 5; ; delayMs = Math.min(delayMs * 2, 250)) {
    try {
      return await step();
    } catch (error) {
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '');
      if (platform !== 'win32' || !isBusy || performance.now() > giveUpAt) throw error;
    }
    await pause(delayMs);
  }
}
