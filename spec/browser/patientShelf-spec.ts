import { afterEach, describe, expect, it } from '@jest/globals';
import { createTokenManager, type Credentials, type TokenManager } from 'rx-token';
import { webStorageStore, type LockManagerLike } from 'rx-token/browser';
import { fakeBrowser } from '../helpers/fakeBrowser.js';
import { steppedClock } from '../helpers/steppedClock.js';
import { until } from '../helpers/until.js';

/** Due, but good for two minutes yet. */
const held = (now: number): Credentials => ({
  access_token: 'A1',
  refresh_token: 'R1',
  expires_in: 3_600,
  expires_at: now + 120_000,
});
const IN_TIME_MS = 10_000;
const WRITING = 'rx-token/login/write';

const managers: TokenManager[] = [];
afterEach(() => managers.splice(0).forEach((manager) => manager.dispose()));

/** A tab that is signed in, and another page of its origin that keeps it from writing until `free` is called. */
async function keptFromWriting() {
  const scheduler = steppedClock();
  const browser = fakeBrowser({ scheduler });
  const [tab, other] = [browser.newTab(), browser.newTab()];
  const text = JSON.stringify(held(scheduler.now()));
  tab.storage.setItem('login', text);
  const asked: string[] = [];
  const locks: LockManagerLike = {
    ...tab.locks,
    request: (name, ...rest) => (asked.push(name), tab.locks.request(name, ...rest)),
  };
  const sent: unknown[] = [];
  const tokens = createTokenManager({
    store: webStorageStore('login', tab.storage, { ...tab.options, locks }),
    refresh: ({ refresh_token }) => (sent.push(refresh_token), { access_token: 'A2', refresh_token: 'R2' }),
    scheduler,
    skewMs: 600_000,
    maxWaitMs: 0,
  });
  managers.push(tokens);
  await tokens.peek();

  let free = (): void => undefined;
  const ends = new Promise<void>((end) => (free = end));
  void other.locks.request(WRITING, {}, () => ends);
  await until(() => browser.heldLocks.includes(WRITING));
  /** What comes of a promise when writing has been waited for so many times, long enough. */
  async function outcomeOf(promise: Promise<unknown>, times: number): Promise<unknown> {
    const outcome = promise.catch((error: unknown) => error);
    for (let nth = 1; nth <= times; nth++) {
      await until(() => asked.filter((name) => name === WRITING).length === nth);
      scheduler.step(IN_TIME_MS);
    }
    return outcome;
  }
  return { browser, scheduler, text, tokens, sent, free, outcomeOf };
}

describe('a storage that does not answer', () => {
  it('keeps nobody waiting: nothing is sent, what is held is served, and the next refresh is as ever', async () => {
    const { scheduler, tokens, sent, free, outcomeOf } = await keptFromWriting();
    expect(await outcomeOf(tokens.getValidToken(), 2)).toBe('A1');
    expect(sent).toEqual([]);
    free();
    scheduler.step(60_000);
    expect(await tokens.renew('A1')).toBe('A2');
    expect(sent).toEqual(['R1']);
  });

  it('does not do later what it was given up for', async () => {
    const { browser, text, tokens, free, outcomeOf } = await keptFromWriting();
    const late = { code: 'store_unwritable', reason: 'ETIMEDOUT' };
    expect(await outcomeOf(tokens.set({ access_token: 'B1' }), 1)).toMatchObject(late);
    free();
    await until(() => browser.heldLocks.length === 0);
    expect(browser.stored.get('login')).toBe(text);
  });
});
