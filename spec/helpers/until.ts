import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition by looking; fails after `deadlineMs`. */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 5000): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`It never came to ${condition.toString()}`);
    await pause(2);
  }
}
