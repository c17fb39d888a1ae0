import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { noop } from 'rxjs';
import { type Rotation, storeContract } from 'rx-token/testing';
import { launchChromium } from '../helpers/chromium.js';
import { bundled } from '../helpers/site.js';
import { newProfile, type Profile, type ProfileOptions } from '../helpers/tabs.js';
import { contractOf, type StoreKind } from '../helpers/worlds/tabContract.js';

/** Http to a host that is not this machine, as far as the browser knows: there are no Web Locks. */
const insecure = 'rx-token.test';

let browser: Browser;
let script: string;
const profiles: Profile[] = [];

async function profile(options: ProfileOptions = {}): Promise<Profile> {
  const opened = await newProfile(browser, script, options);
  profiles.push(opened);
  return opened;
}

/** Access tokens that last a second, but for the one after so many refreshes. */
const secondsUntil = (refreshes: number): ProfileOptions['server'] => ({
  accessTokenLifetimeMs: 1_000,
  reply: (reply) => {
    const body = reply.body as { access_token?: string };
    return body.access_token === `A${refreshes + 1}`
      ? { ...reply, body: { ...body, expires_in: 3600 } }
      : reply;
  },
});

/** Ten tabs, or so, and all of the expiries. */
async function life(
  tabCount: number,
  refreshes: number,
  kind: 'webStorage' | 'indexedDb',
  { host, rotation }: { host?: typeof insecure; rotation?: Rotation } = {},
) {
  const { server, newTab } = await profile({ server: { ...secondsUntil(refreshes), rotation }, host });
  const tabs = await Promise.all(Array.from({ length: tabCount }, () => newTab(kind)));
  await tabs[0]!.call('set', server.signIn());
  const last = `A${refreshes + 1}`;
  await Promise.all(tabs.map((tab) => tab.until(({ tokens }, end) => tokens.at(-1) === end, last)));
  await tabs[0]!.page.waitForTimeout(1_000); // for what must not happen
  return { counters: server.counters, seen: await Promise.all(tabs.map((tab) => tab.seen())) };
}

let tenTabs: ReturnType<typeof life>;
let withoutLocks: ReturnType<typeof life>[];
const contracts = new Map<StoreKind, Promise<Record<string, string>>>();
const kinds: StoreKind[] = ['webStorage', 'indexedDb', 'indexedDb, lossy'];

beforeAll(async () => {
  [browser, script] = await Promise.all([launchChromium(), bundled('spec/helpers/worlds/tab.ts')]);
  // these take their time, and run beside the others
  tenTabs = life(10, 30, 'webStorage');
  tenTabs.catch(noop);
  withoutLocks = [
    life(4, 5, 'indexedDb', { host: insecure }),
    life(4, 5, 'webStorage', { host: insecure, rotation: { graceMs: 10_000, kind: 'idempotent' } }),
  ];
  for (const each of withoutLocks) each.catch(noop);
  const { newTab } = await profile();
  for (const kind of kinds) {
    const outcomes = newTab('webStorage').then((tab) => tab.call('obeys', kind));
    outcomes.catch(noop);
    contracts.set(kind, outcomes);
  }
});

afterAll(async () => {
  await Promise.all(profiles.map((each) => each.close()));
  await browser.close();
});

describe.each(kinds)('the contract, in a real Chromium, of %s', (kind) => {
  const contract = storeContract(contractOf(kind));
  for (const { name } of contract) {
    it(name, async () => {
      expect((await contracts.get(kind))?.[name]).toBe('holds');
    });
  }
  for (const { name, reason } of contract.notApplicable) it.skip(`${name} (${reason})`, noop);
});

describe('ten tabs', () => {
  it('refresh 30 times for 30 expiries, and each sees every token once, in order, and the last', async () => {
    const { counters, seen } = await tenTabs;

    expect(counters).toMatchObject({
      refreshes: 30,
      requests: 30,
      reuses: 0,
      familiesRevoked: 0,
      maxConcurrent: 1,
    });
    for (const { tokens, uncaught } of seen) {
      const numbers = tokens.map((token) => Number(token.slice(1)));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(tokens.at(-1)).toBe('A31');
      expect(uncaught).toEqual([]);
    }
  });
});

describe('four tabs without Web Locks', () => {
  it('have none', async () => {
    const { newTab } = await profile({ host: insecure });
    const { page } = await newTab('indexedDb');
    expect(await page.evaluate('[isSecureContext, navigator.locks === undefined]')).toEqual([false, true]);
  });

  it('refresh once for each expiry with a database, whose transactions give one winner', async () => {
    const { counters, seen } = await withoutLocks[0]!;
    expect(counters).toMatchObject({ refreshes: 5, requests: 5, reuses: 0 });
    for (const { tokens, uncaught } of seen) {
      expect(tokens.at(-1)).toBe('A6');
      expect(uncaught).toEqual([]);
    }
  });

  it('end on one token with web storage, at a provider that forgives: nobody promises more', async () => {
    const { counters, seen } = await withoutLocks[1]!;
    expect(counters.reuses).toBe(0);
    for (const { tokens, uncaught } of seen) {
      expect(tokens.at(-1)).toBe('A6');
      expect(uncaught).toEqual([]);
    }
  });
});
