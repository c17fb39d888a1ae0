import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Fault } from 'rx-token/testing';
import { launchChromium } from '../helpers/chromium.js';
import { bundled } from '../helpers/site.js';
import { newProfile, type OpenTab, type Profile, type ProfileOptions } from '../helpers/tabs.js';
import { until } from '../helpers/until.js';

let browser: Browser;
let script: string;
const profiles: Profile[] = [];

beforeAll(async () => {
  [browser, script] = await Promise.all([launchChromium(), bundled('spec/helpers/worlds/tab.ts')]);
});
afterEach(() => Promise.all(profiles.splice(0).map((each) => each.close())));
afterAll(() => browser.close());

async function profile(options: ProfileOptions = {}): Promise<Profile> {
  const opened = await newProfile(browser, script, options);
  profiles.push(opened);
  return opened;
}

/** A tab of a user who has just signed in; those tokens may last for so many seconds only. */
async function signedIn(
  options?: ProfileOptions,
  kind: 'webStorage' | 'indexedDb' = 'webStorage',
  lasting: { readonly expires_in?: number } = {},
) {
  const its = await profile(options);
  const tab = await its.newTab(kind);
  await tab.call('set', { ...its.server.signIn(), ...lasting });
  return { ...its, tab };
}

const endsOn = (tab: OpenTab, token: string) =>
  tab.until(({ tokens, state }, end) => tokens.at(-1) === end && state === 'valid', token);
const requests = (of: Profile, count: number) => until(() => of.server.counters.requests === count, 20_000);
const stored = (tab: OpenTab) => tab.page.evaluate<string | null>(`localStorage.getItem('login')`);

/** Who is in the midst of a refresh, and two others who wait for it. */
async function inMidRefresh(fault: Fault) {
  const its = await signedIn({}, 'webStorage', { expires_in: 2 });
  its.server.faults.next(fault);
  await requests(its, 1);
  const others = await Promise.all([its.newTab('webStorage'), its.newTab('webStorage')]);
  return { ...its, others };
}

describe('a tab in the midst of a refresh', () => {
  it('is closed before the server has done anything: one other refreshes, and tells', async () => {
    const { tab, others, server } = await inMidRefresh({ dropBeforeCommit: 'hang' });
    await tab.page.close();
    await Promise.all(others.map((each) => endsOn(each, 'A2')));

    const events = await Promise.all(others.map(async (each) => (await each.seen()).events));
    expect(
      events
        .flat()
        .filter((event) => event.startsWith('refreshed by'))
        .sort(),
    ).toEqual(['refreshed by self', 'refreshed by sibling']);
    expect(server.counters).toMatchObject({ requests: 2, refreshes: 1, reuses: 0 });
  });

  it('is closed when the server has rotated: nobody else is told otherwise, nothing is wiped, and it is said once', async () => {
    const { tab, others, server } = await inMidRefresh({ commitThenDropReply: 'hang' });
    await tab.page.close();
    const lost = 'reauthentication-required: rotation_lost';
    await Promise.all(others.map((each) => each.until(({ state }, end) => state === end, lost)));

    expect(server.presented.get('R1')).toBe(2);
    expect(await stored(others[0])).toContain('R1');
    await others[0].call('set', server.signIn());
    await Promise.all(others.map((each) => endsOn(each, 'A3')));
    expect(server.presented.get('R1')).toBe(2);
  });

  it('goes elsewhere: others go on, and it finds their token when it comes back', async () => {
    const { tab, others, server, site } = await inMidRefresh({ dropBeforeCommit: 'hang' });
    await tab.page.goto(`${site.url()}elsewhere`);
    await Promise.all(others.map((each) => endsOn(each, 'A2')));
    await tab.page.goBack();
    await tab.page.waitForFunction('globalThis.tab');
    if ((await tab.seen()).state === '') await tab.call('open', 'webStorage'); // was not kept for the way back

    expect(await tab.call('getValidToken')).toBe('A2');
    expect(server.counters).toMatchObject({ requests: 2, refreshes: 1, reuses: 0 });
  });

  it.each(['webStorage', 'indexedDb'] as const)(
    'without Web Locks is reloaded (%s): it has given its lease back, and waits for nobody',
    async (kind) => {
      const { tab, server, ...its } = await signedIn({ host: 'rx-token.test' }, kind);
      server.faults.next({ dropBeforeCommit: 'hang' });
      void tab.call('renew', 'A1').catch(() => undefined); // the page goes, and so does the answer
      await requests({ ...its, server }, 1);
      await tab.page.reload();
      await tab.call('open', kind);
      expect(await tab.call('renew', 'A1')).toBe('A2');
      expect(server.counters).toMatchObject({ requests: 2, refreshes: 1, reuses: 0 });
    },
  );

  it('is frozen: it is not robbed, others use what is valid, or say that they could not wait', async () => {
    const { tab, newTab, server, context, ...its } = await signedIn();
    const other = await newTab('webStorage', { lockTimeoutMs: 500, maxWaitMs: 0 });
    server.faults.next({ delayMs: 2_500 });
    const renewed = tab.call('renew', 'A1');
    await requests({ ...its, server, context, newTab }, 1);
    const devtools = await context.newCDPSession(tab.page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });

    expect(await other.call('getValidToken')).toBe('A1');
    expect(await other.call('renew', 'A1')).toBe('lock_timeout');
    expect(server.counters.requests).toBe(1);

    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    expect(await renewed).toBe('A2');
    await endsOn(other, 'A2');
    expect(server.counters).toMatchObject({ requests: 1, refreshes: 1, reuses: 0 });
  });
});

describe('five tabs that open at once with a token that has ended', () => {
  it('refresh once', async () => {
    const { tab, server, newTab } = await signedIn();
    const page = await tab.page.context().newPage(); // without a manager, which might refresh at once
    await page.goto(new URL('/nothing', tab.page.url()).href);
    await tab.page.close();
    await page.evaluate(`localStorage.setItem('login', JSON.stringify({
      ...JSON.parse(localStorage.getItem('login')), expires_at: 1 }))`);
    const tabs = await Promise.all(Array.from({ length: 5 }, () => newTab('webStorage')));
    const tokens = await Promise.all(tabs.map((each) => each.call('getValidToken')));

    expect(tokens).toEqual(['A2', 'A2', 'A2', 'A2', 'A2']);
    expect(server.counters).toMatchObject({ requests: 1, reuses: 0 });
  });
});

describe('what is done in another tab', () => {
  it('a sign-out signs out here', async () => {
    const { tab, newTab } = await signedIn();
    const other = await newTab('webStorage');
    await other.call('clear');
    await tab.until(({ state, events }) => state === 'signed-out' && events.at(-1) === 'cleared by sibling');
    expect(await tab.call('getValidToken')).toBe('no_credentials');
  });

  it('localStorage.clear() signs out, and nothing breaks', async () => {
    const { tab, newTab, server } = await signedIn();
    const other = await newTab('webStorage');
    await other.page.evaluate('localStorage.clear()');
    await tab.until(({ state }) => state === 'signed-out');
    expect(await tab.call('getValidToken')).toBe('no_credentials');
    expect((await tab.seen()).uncaught).toEqual([]);

    await tab.call('set', server.signIn());
    await endsOn(other, 'A2');
  });

  it('localStorage.clear() during a refresh stays: what the refresh brings is for nobody', async () => {
    const { tab, newTab, server, ...its } = await signedIn();
    const other = await newTab('webStorage');
    server.faults.next({ delayMs: 700 });
    const renewed = tab.call('renew', 'A1');
    await requests({ ...its, newTab, server }, 1);
    await other.page.evaluate('localStorage.clear()');

    expect(await renewed).toBe('no_credentials');
    expect(await stored(other)).toBeNull();
    await tab.until(({ state }) => state === 'signed-out');
  });

  it('a database that is deleted signs out as soon as anyone looks, and can be used again', async () => {
    const { tab, newTab, server } = await signedIn({}, 'indexedDb');
    const other = await newTab('indexedDb');
    await other.page.evaluate(`new Promise((resolve, reject) => {
      Object.assign(indexedDB.deleteDatabase('login'), { onsuccess: resolve, onerror: reject, onblocked: reject });
    })`);
    await tab.page.evaluate(`dispatchEvent(new Event('focus'))`);
    await tab.until(({ state }) => state === 'signed-out');
    await tab.call('set', server.signIn());
    await endsOn(other, 'A2');
  });

  it('another account during a refresh wins: nothing of the first is left', async () => {
    const { tab, newTab, server, ...its } = await signedIn();
    const other = await newTab('webStorage');
    server.faults.next({ delayMs: 700 });
    const renewed = tab.call('renew', 'A1');
    await requests({ ...its, newTab, server }, 1);
    await other.call('set', server.signIn()); // A2, R2

    expect(await renewed).toBe('A2');
    await until(() => server.counters.refreshes === 1);
    await Promise.all([tab, other].map((each) => endsOn(each, 'A2')));
    expect(JSON.parse((await stored(tab))!)).toMatchObject({ access_token: 'A2', refresh_token: 'R2' });
    expect((await tab.seen()).tokens).toEqual(['A1', 'A2']);
  });

  it('a refresh that is denied is denied once, for all', async () => {
    const { tab, newTab, server } = await signedIn({}, 'webStorage', { expires_in: 2 });
    const tabs = [tab, await newTab('webStorage'), await newTab('webStorage')];
    server.revoke('R1');
    const denied = 'reauthentication-required: refresh_rejected';
    await Promise.all(tabs.map((each) => each.until(({ state }, end) => state === end, denied)));

    expect(server.presented.get('R1')).toBe(1);
    await tabs[1]!.call('set', server.signIn());
    await Promise.all(tabs.map((each) => endsOn(each, 'A2')));
  });
});

describe('where a browser gives no storage', () => {
  it('says so in typed errors', async () => {
    const { newTab, server } = await profile({ path: '/sandboxed' });
    for (const kind of ['webStorage', 'indexedDb'] as const) {
      const tab = await newTab(kind);
      expect(await tab.call('getValidToken')).toBe('store_unreadable');
      expect(await tab.call('set', server.signIn())).toBe('store_unwritable');
      expect((await tab.seen()).uncaught).toEqual([]);
    }
  });
});

describe('a storage that is full', () => {
  const fill = `(() => {
    for (let size = 2 ** 22; size >= 1; size = size > 1 ? size >> 1 : 0)
      try { for (;;) localStorage.setItem('filler ' + Math.random(), 'x'.repeat(size)); } catch {}
  })()`;
  const empty = `Object.keys(localStorage).filter((key) => key.startsWith('filler')).forEach((key) => localStorage.removeItem(key))`;

  it('has room for the successor, if it became so during the refresh', async () => {
    const { tab, server, ...its } = await signedIn();
    server.faults.next({ delayMs: 1_000 });
    const renewed = tab.call('renew', 'A1');
    await requests({ ...its, server }, 1);
    await tab.page.evaluate(fill);

    expect(await renewed).toBe('A2');
    expect(await stored(tab)).toContain('R2');
    expect((await tab.seen()).events).not.toContain('persist-failed');
  });

  it('is told of, and takes the successor when there is room again', async () => {
    const { tab, server } = await signedIn();
    await tab.page.evaluate(fill);
    server.faults.next({
      body: (body: object) => ({ ...body, id_token: 'longer than what was there before' }),
    });
    expect(await tab.call('renew', 'A1')).toBe('A2');
    await tab.until(({ events }) => events.includes('persist-failed'));
    await tab.page.evaluate(empty);
    await tab.until(({ events }) => events.includes('persisted'));
    expect(await stored(tab)).toContain('R2');
  });
});

describe('a database', () => {
  const promised = (open: string, then = '') => `new Promise((resolve, reject) => {
    const request = ${open};
    request.onerror = () => reject(request.error);
    request.onsuccess = () => { ${then || 'request.result.close(); resolve();'} };
  })`;
  const put = (value: string) =>
    promised(
      `indexedDB.open('login')`,
      `const run = request.result.transaction('rx-token', 'readwrite');
       run.objectStore('rx-token').put(${value}, 'credentials');
       run.oncomplete = () => { request.result.close(); resolve(); };`,
    );
  const kept = promised(
    `indexedDB.open('login')`,
    `const all = request.result.transaction('rx-token').objectStore('rx-token').getAllKeys();
     all.onsuccess = () => { request.result.close(); resolve(all.result); };`,
  );
  const look = `dispatchEvent(new Event('focus'))`;

  it.each(['{ a: 1 }', '"nonsense"', '{ access_token: "" }', '{ access_token: "A", big: 1n }'])(
    'that holds no credentials (%s) is left alone, until a sign-in keeps a copy',
    async (value) => {
      const { tab, server } = await signedIn({}, 'indexedDb');
      await tab.page.evaluate(put(value));
      await tab.page.evaluate(look);
      await tab.until(({ state }) => state.endsWith('store_corrupt'));
      expect(await tab.call('set', server.signIn())).toBe('');
      expect(await tab.page.evaluate(kept)).toEqual([
        'credentials',
        expect.stringMatching(/^credentials\.corrupt-/),
      ]);
      expect(await tab.call('getValidToken')).toBe('A2');
    },
  );

  it.each(['null', '{}', 'undefined'])('that holds %s is signed out', async (value) => {
    const { tab } = await signedIn({}, 'indexedDb');
    await tab.page.evaluate(put(value));
    await tab.page.evaluate(look);
    await tab.until(({ state }) => state === 'signed-out');
  });

  it("that is another tool's takes our object store beside theirs, as soon as they let it", async () => {
    const { newTab, server, site, context } = await profile();
    const theirs = await context.newPage();
    await theirs.goto(`${site.url()}elsewhere`);
    await theirs.evaluate(`new Promise((resolve) => {
      const request = indexedDB.open('login', 3);
      request.onupgradeneeded = () => request.result.createObjectStore('theirs');
      request.onsuccess = () => resolve(globalThis.held = request.result);
    }).then(() => undefined)`);
    const tab = await newTab('indexedDb');
    const set = tab.call('set', server.signIn());
    expect(await Promise.race([set, tab.page.waitForTimeout(300).then(() => 'waits')])).toBe('waits');
    await theirs.evaluate('held.close()');

    expect(await set).toBe('');
    expect(await tab.call('getValidToken')).toBe('A1');
    const names = promised(
      `indexedDB.open('login')`,
      'const of = request.result; of.close(); resolve([of.version, ...of.objectStoreNames]);',
    );
    expect(await tab.page.evaluate(names)).toEqual([4, 'rx-token', 'theirs']);
  });
});
