import { afterEach, describe, expect, it } from '@jest/globals';
import { asyncScheduler, concat, firstValueFrom, from, NEVER, of, Subject } from 'rxjs';
import {
  ANY_VERSION,
  createTokenManager,
  type Credentials,
  type CredentialStore,
  type Lease,
  NO_VERSION,
  type Version,
} from 'rx-token';
import { type TabStoreOptions, webStorageStore } from 'rx-token/browser';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { pairFingerprint } from '../../src/fingerprint.js';
import { fakeBrowser, type FakeTab } from '../helpers/fakeBrowser.js';
import { runScript } from '../helpers/runScript.js';
import { unevenClock } from '../helpers/unevenClock.js';
import { until } from '../helpers/until.js';

const first: Credentials = { access_token: 'access-of-1', refresh_token: 'refresh-of-1', expires_at: 1 };
const second: Credentials = { access_token: 'access-of-2', refresh_token: 'refresh-of-2' };

const storeOf = (tab: FakeTab, options: TabStoreOptions = {}) =>
  webStorageStore('login', tab.storage, { ...tab.options, ...options });
const read = (store: CredentialStore) => firstValueFrom(from(store.read()));
const write = (store: CredentialStore, next: Credentials | null, expected: Version = ANY_VERSION) =>
  firstValueFrom(from(store.write(next, expected)));

/** The lease of the lock, once it is had; `leave` ends the turn. */
function take(store: CredentialStore) {
  const end$ = new Subject<never>();
  const lease = new Promise<Lease>((resolve, reject) => {
    store.lock.hold((given) => (resolve(given), end$)).subscribe({ error: reject });
  });
  return { lease, leave: () => end$.complete() };
}

const leaves: (() => void)[] = [];
afterEach(() => {
  for (const leave of leaves.splice(0)) leave();
});

describe('webStorageStore: the record', () => {
  it('is the credentials, as JSON, under the key, and nothing else is', async () => {
    const { newTab, stored } = fakeBrowser();
    await write(storeOf(newTab()), first);
    expect(JSON.parse(stored.get('login')!)).toEqual(first);
    expect([...stored.keys()].sort()).toEqual(['login', 'login.writes']);
    await write(storeOf(newTab()), null);
    expect(stored.has('login')).toBe(false);
  });

  it.each(['null', '{}', ' { } '])('that another has written as %s is signed out', async (text) => {
    const tab = fakeBrowser().newTab();
    tab.storage.setItem('login', text);
    expect(await read(storeOf(tab))).toEqual({ credentials: null, version: NO_VERSION });
    expect((await write(storeOf(tab), first, NO_VERSION)).written).toBe(true);
  });

  it.each(['', 'nonsense', '[]', '"text"', '{"access_token":""}', '{"access_token":7}', '{"a":1}'])(
    'that is corrupt (%j) stays, until a sign-in replaces it and keeps a copy',
    async (text) => {
      const { newTab, stored } = fakeBrowser();
      const tab = newTab();
      const store = storeOf(tab);
      tab.storage.setItem('login', text);

      const error = expect.objectContaining({
        code: 'store_corrupt',
        message: expect.stringContaining('set()'),
      });
      await expect(read(store)).rejects.toEqual(error);
      await expect(write(store, first, NO_VERSION)).rejects.toEqual(error);
      expect(stored.get('login')).toBe(text);

      expect((await write(store, first)).written).toBe(true);
      const copies = [...stored].filter(([key]) => key.startsWith('login.corrupt-'));
      expect(copies).toEqual([[expect.stringMatching(/^login\.corrupt-20\d\d-/), text]]);
      expect((await read(store)).credentials).toEqual(first);
    },
  );

  it('that is corrupt is kept as a copy by a sign-out, too', async () => {
    const { newTab, stored } = fakeBrowser();
    const tab = newTab();
    tab.storage.setItem('login', 'nonsense');
    await write(storeOf(tab), null);
    expect([...stored.values()]).toContain('nonsense');
    expect(stored.has('login')).toBe(false);
  });

  it('never brings a prototype along', async () => {
    const tab = fakeBrowser().newTab();
    tab.storage.setItem('login', '{"access_token":"A1","__proto__":{"polluted":true}}');
    const { credentials } = await read(storeOf(tab));
    expect((credentials as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('has notes beside it that may be anything', async () => {
    const tab = fakeBrowser().newTab();
    await write(storeOf(tab), first);
    const pending = { pair: pairFingerprint(first), sentAt: 'then', until: 1, by: 'a tab' };
    for (const text of ['nonsense', '7', 'null', '[]', JSON.stringify({ pending, dead: 7, room: {} })]) {
      tab.storage.setItem('login.notes', text);
      const { credentials, ...noted } = await read(storeOf(tab));
      expect(credentials).toEqual(first);
      expect(noted).toEqual({ version: expect.any(String) });
    }
  });

  it('is not overwritten by what is no credential', async () => {
    const store = storeOf(fakeBrowser().newTab());
    await expect(write(store, {} as Credentials)).rejects.toThrow(TypeError);
  });
});

describe('webStorageStore: a storage that fails', () => {
  it('by the settings of the browser is a typed error, without a word of what is stored', async () => {
    const tab = fakeBrowser().newTab();
    const store = storeOf(tab);
    await write(store, first);
    tab.refuse('SecurityError');
    const failures = await Promise.allSettled([read(store), write(store, second)]);
    expect(failures).toEqual([
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'store_unreadable', reason: 'SecurityError' }),
      },
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'store_unwritable', reason: 'SecurityError' }),
      },
    ]);
    expect(failures.map((each) => String((each as PromiseRejectedResult).reason)).join()).not.toContain(
      'access-of',
    );
  });

  it('fails a manager in a typed way, and is used again when it works', async () => {
    const tab = fakeBrowser().newTab();
    tab.refuse('SecurityError');
    const server = fakeAuthorizationServer();
    const manager = createTokenManager({ store: storeOf(tab), refresh: server.refresh });
    await expect(manager.getValidToken()).rejects.toMatchObject({ code: 'store_unreadable' });
    await expect(manager.set(server.signIn())).rejects.toMatchObject({ code: 'store_unwritable' });
    tab.refuse(null);
    await manager.set(server.signIn());
    expect(await manager.getValidToken()).toMatch(/^access/);
    manager.dispose();
  });

  it('for want of room leaves all that was there, and says so', async () => {
    const { newTab, stored } = fakeBrowser({ quota: 200 });
    const store = storeOf(newTab());
    await write(store, first);
    const before = new Map(stored);
    await expect(write(store, { ...second, more: 'x'.repeat(200) })).rejects.toMatchObject({
      code: 'store_unwritable',
      reason: 'QuotaExceededError',
    });
    expect([...stored].sort()).toEqual([...before].sort());
  });

  it('never leaves nothing, also where another page takes the room of what was there', async () => {
    const tab = fakeBrowser().newTab();
    const { setItem } = tab.storage;
    let room: 'enough' | 'scarce' | 'none' = 'enough';
    tab.storage.setItem = (key, text) => {
      if (room === 'scarce' && key === 'login.writes') room = 'none'; // which a write puts last
      if (room === 'none') throw Object.assign(new Error(), { name: 'QuotaExceededError' });
      setItem(key, text);
    };
    const store = storeOf(tab);
    await write(store, first);
    room = 'scarce';
    await expect(write(store, second)).rejects.toMatchObject({ reason: 'QuotaExceededError' });
    expect([first, second]).toContainEqual((await read(store)).credentials);
  });

  it('for want of room says so before anything is sent', async () => {
    const { newTab } = fakeBrowser({ quota: 1_000 });
    const store = storeOf(newTab());
    const { snapshot } = await write(store, first);
    const { lease, leave } = take(store);
    leaves.push(leave);
    const prepared = firstValueFrom(from((await lease).prepare(first, snapshot.version, 1, 2)));
    await expect(prepared).rejects.toMatchObject({ reason: 'QuotaExceededError' });
  });

  it('has kept room for a longer successor', async () => {
    const { newTab, stored } = fakeBrowser({ quota: 5_500 });
    const tab = newTab();
    const store = storeOf(tab);
    const { snapshot } = await write(store, first);
    const { lease, leave } = take(store);
    leaves.push(leave);
    await firstValueFrom(from((await lease).prepare(first, snapshot.version, 1, 2)), { defaultValue: null });
    expect(() => tab.storage.setItem('another', 'x'.repeat(3_000))).toThrow();

    const longer = { ...second, id_token: 'x'.repeat(3_000) };
    expect((await write(store, longer, snapshot.version)).written).toBe(true);
    expect((await read(store)).credentials).toEqual(longer);
    expect(stored.has('login.notes')).toBe(false);
  });
});

describe('webStorageStore: what tabs hear', () => {
  it('is a version, and no token', async () => {
    const { newTab, messages } = fakeBrowser();
    const { snapshot } = await write(storeOf(newTab()), first);
    expect(messages).toEqual([{ version: snapshot.version }]);
    expect(JSON.stringify(messages)).not.toMatch(/of-1/);
  });

  it.each<[string, TabStoreOptions, TabStoreOptions]>([
    ['a storage event', { channel: null }, {}],
    ['a channel', {}, { page: null }],
  ])('comes by %s alone, where there is nothing else', async (_by, speaker, listener) => {
    const { newTab } = fakeBrowser();
    const [tab, other] = [newTab(), newTab()];
    let hints = 0;
    const listening = storeOf(other, { ...listener, wake$: NEVER }).changes$.subscribe(() => hints++);
    await write(storeOf(tab, speaker), first);
    expect(hints).toBeGreaterThan(0);
    listening.unsubscribe();
  });

  it('comes to all who use one store, where there is neither', async () => {
    const store = storeOf(fakeBrowser().newTab(), { channel: null, page: null, wake$: NEVER });
    let hints = 0;
    const listening = store.changes$.subscribe(() => hints++);
    await write(store, first);
    expect(hints).toBe(1);
    listening.unsubscribe();
  });

  it('is that the storage was cleared, and nothing of other keys', () => {
    const { page, options, storage } = fakeBrowser().newTab();
    let hints = 0;
    const store = webStorageStore('login', storage, { ...options, wake$: NEVER });
    const listening = store.changes$.subscribe(() => hints++);
    const hear = (key: string | null) => page.dispatchEvent(Object.assign(new Event('storage'), { key }));
    for (const key of ['other', 'login.notes', 'login.writes']) hear(key);
    expect(hints).toBe(0);
    hear(null);
    hear('login');
    expect(hints).toBe(2);
    listening.unsubscribe();
  });

  it.each<[string, NonNullable<TabStoreOptions['channel']>]>([
    [
      'cannot be opened',
      () => {
        throw new Error('SecurityError');
      },
    ],
    [
      'has been closed by somebody',
      (name) => {
        const channel = fakeBrowser().newTab().channel(name);
        channel.close();
        return channel;
      },
    ],
  ])('does not matter to a write where the channel %s', async (_what, channel) => {
    const store = storeOf(fakeBrowser().newTab(), { channel });
    const listening = store.changes$.subscribe();
    expect((await write(store, first)).written).toBe(true);
    listening.unsubscribe();
  });

  it('includes every wake signal, for a machine may have slept', () => {
    const tab = fakeBrowser().newTab();
    let hints = 0;
    const listening = storeOf(tab).changes$.subscribe(() => hints++);
    for (const type of ['focus', 'online', 'pageshow', 'resume', 'visibilitychange'] as const) tab.fire(type);
    expect(hints).toBe(5);
    listening.unsubscribe();
  });

  it('comes again when the page comes back: while it is away it has no channel', async () => {
    const { newTab } = fakeBrowser();
    const [tab, other] = [newTab(), newTab()];
    let hints = 0;
    const opened = { now: 0 };
    const channel = (name: string) => {
      const real = other.channel(name);
      opened.now++;
      return Object.assign(real, { close: ((close) => () => (opened.now--, close()))(real.close) });
    };
    const listening = storeOf(other, { channel, wake$: NEVER }).changes$.subscribe(() => hints++);
    other.fire('pageshow'); // as after every load
    expect(opened.now).toBe(1);
    other.fire('pagehide');
    expect(opened.now).toBe(0);
    other.fire('pageshow');
    expect(opened.now).toBe(1);
    await write(storeOf(tab, { page: null }), first);
    expect(hints).toBeGreaterThan(0);
    listening.unsubscribe();
    expect(opened.now).toBe(0);
  });
});

describe('webStorageStore: the lock', () => {
  it('is let go when the page goes, and whoever comes back must not send', async () => {
    const { newTab } = fakeBrowser();
    const [tab, other] = [newTab(), newTab()];
    const { lease, leave } = take(storeOf(tab));
    leaves.push(leave);
    const held = await lease;
    expect([held.signal.aborted, held.remainingMs()]).toEqual([false, Infinity]);
    tab.fire('pagehide');
    expect([held.signal.aborted, held.remainingMs()]).toEqual([true, 0]);
    const next = take(storeOf(other));
    leaves.push(next.leave);
    await next.lease;
  });

  it('is lost when somebody steals it, or the browser ends it', async () => {
    const { newTab } = fakeBrowser();
    const tab = newTab();
    const { lease, leave } = take(storeOf(tab));
    leaves.push(leave);
    const held = await lease;
    tab.crash();
    await until(() => held.signal.aborted);
    expect(held.remainingMs()).toBe(0);
  });

  it('does not send under a lock that was lost before', async () => {
    const tab = fakeBrowser().newTab();
    const server = fakeAuthorizationServer();
    const sound = storeOf(tab);
    const store: CredentialStore = {
      ...sound,
      lock: {
        ...sound.lock,
        hold: (critical) => sound.lock.hold((lease) => (tab.fire('pagehide'), critical(lease))),
      },
    };
    const manager = createTokenManager({ store, refresh: server.refresh, maxWaitMs: 0 });
    const { access_token } = server.signIn();
    await manager.set({ ...server.signIn(), access_token });
    await expect(manager.renew(access_token)).rejects.toMatchObject({ code: 'lock_timeout' });
    expect(server.counters.requests).toBe(0);
    manager.dispose();
  });

  it('says who has sent, and when', async () => {
    const store = storeOf(fakeBrowser().newTab());
    const { snapshot } = await write(store, first);
    const { lease, leave } = take(store);
    leaves.push(leave);
    expect(await firstValueFrom(from(store.lock.holder!()))).toBeNull();
    await firstValueFrom(from((await lease).prepare(first, snapshot.version, 77, 99)), {
      defaultValue: null,
    });
    expect(await firstValueFrom(from(store.lock.holder!()))).toEqual({
      by: expect.stringMatching(/^tab \w+$/),
      since: 77,
    });
  });

  it('that is granted too late, to whoever has left, is given back', async () => {
    const asked: { signal?: AbortSignal; granted: () => unknown }[] = [];
    const locks = {
      request: (_name: string, { signal }: { signal?: AbortSignal }, granted: () => unknown) => {
        asked.push({ ...(signal && { signal }), granted });
        return new Promise(() => undefined);
      },
      query: () => Promise.resolve({}),
    };
    let turns = 0;
    const turn = storeOf(fakeBrowser().newTab(), { locks })
      .lock.hold(() => (turns++, NEVER))
      .subscribe();
    turn.unsubscribe();
    const [{ signal, granted }] = asked as [(typeof asked)[0]];
    expect(signal?.aborted).toBe(true);
    expect(await granted()).toBeUndefined();
    expect(turns).toBe(0);
  });

  it('keeps an answer that another has lost on record, whatever comes of its own request', async () => {
    const store = storeOf(fakeBrowser().newTab());
    const { snapshot } = await write(store, first);
    const done = (work: ReturnType<Lease['acquit']>) => firstValueFrom(from(work), { defaultValue: null });
    const lost = take(store);
    await done((await lost.lease).prepare(first, snapshot.version, 77, 99));
    lost.leave();
    const { lease, leave } = take(store);
    leaves.push(leave);
    await done((await lease).prepare(first, snapshot.version, 111, 222));
    expect((await read(store)).pending?.sentAt).toBe(111);
    await done((await lease).acquit());
    expect((await read(store)).pending?.sentAt).toBe(77);
  });

  it('that the browser refuses is a typed error', async () => {
    const locks = {
      request: () => Promise.reject(new Error('SecurityError')),
      query: () => Promise.resolve({}),
    };
    const store = storeOf(fakeBrowser().newTab(), { locks });
    await expect(firstValueFrom(store.lock.hold(() => of(1)))).rejects.toMatchObject({
      code: 'store_unwritable',
    });
  });
});

describe('webStorageStore: a storage that lags', () => {
  /** Counts up in turn from two tabs; resolves with the sum. */
  async function counted(lagMs: number, options: (tab: FakeTab) => TabStoreOptions): Promise<unknown> {
    const { newTab, stored } = fakeBrowser({ lagMs });
    const stores = [newTab(), newTab(), newTab()].map((tab) => storeOf(tab, options(tab)));
    for (let nth = 0; nth < 12; nth++) {
      const store = stores[nth % 3]!;
      const { lease, leave } = take(store);
      await lease;
      const { credentials, version } = await read(store);
      await write(store, { ...first, counted: Number(credentials?.['counted'] ?? 0) + 1 }, version);
      leave();
    }
    await until(() => stored.has('login'));
    return (JSON.parse(stored.get('login')!) as Credentials)['counted'];
  }

  it('is waited for, under a lock and without one', async () => {
    expect(await counted(15, () => ({}))).toBe(12);
  });

  it('would lose writes if it were not', async () => {
    const blind = ({ locks }: FakeTab) => ({
      locks: { request: locks.request, query: () => Promise.resolve({ held: [] }) },
    });
    expect(await counted(15, blind)).toBeLessThan(12);
  });

  it('is waited for by a page that has slept meanwhile', async () => {
    const { newTab } = fakeBrowser({ lagMs: 15 });
    const [tab, sleeper] = [newTab(), newTab()];
    const scheduler = unevenClock(asyncScheduler);
    const store = storeOf(sleeper, { scheduler });
    await write(storeOf(tab), first);
    const found = read(store);
    scheduler.step(60_000);
    expect((await found).credentials).toMatchObject(first);
  });

  it('is waited for only once, where the number was removed', async () => {
    const { newTab } = fakeBrowser();
    const [tab, other] = [newTab(), newTab()];
    await write(storeOf(tab), first);
    const store = storeOf(other);
    for (const key of ['login', 'login.writes']) other.storage.removeItem(key);
    expect((await read(store)).credentials).toBeNull();
    const began = performance.now();
    await read(store);
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('holds a mark for no longer than it is needed', async () => {
    const browser = fakeBrowser();
    const tab = browser.newTab();
    const [store, sibling] = [storeOf(tab), storeOf(browser.newTab())];
    await write(store, first);
    await write(sibling, second);
    await write(store, first);
    await until(() => browser.heldLocks.length === 2);
    expect(browser.heldLocks).toEqual(['rx-token/login/write 2', 'rx-token/login/write 3']);
    tab.fire('pagehide');
    await until(() => browser.heldLocks.length === 1, 1_000);
  });
});

describe('webStorageStore: a sessionStorage', () => {
  const here = globalThis as { sessionStorage?: unknown };
  const before = Object.getOwnPropertyDescriptor(here, 'sessionStorage');
  const asSession = (storage: unknown) =>
    Object.defineProperty(here, 'sessionStorage', { value: storage, configurable: true });
  afterEach(() => {
    delete here.sessionStorage;
    if (before) Object.defineProperty(here, 'sessionStorage', before);
  });

  it('has locks of its own: tabs that share nothing do not wait for each other', async () => {
    const browser = fakeBrowser();
    const [tab, other] = [browser.newTab(), fakeBrowser().newTab()];
    const { options } = tab; // the locks of one origin
    asSession(tab.storage);
    const store = webStorageStore('login', tab.storage, options);
    asSession(other.storage);
    const sibling = webStorageStore('login', other.storage, options);

    const turns = [take(store), take(sibling)];
    for (const { leave } of turns) leaves.push(leave);
    await Promise.all(turns.map(({ lease }) => lease));
    await Promise.all([write(store, first), write(sibling, second)]);
    expect(browser.heldLocks.filter((name) => !name.endsWith('/refresh'))).toEqual([]);
    expect((await read(store)).credentials).toEqual(first);
  });
});

describe('webStorageStore: where there is no browser', () => {
  it('is a memory store on a server, which neither listens nor waits', async () => {
    const store = webStorageStore('login');
    let heard = 0;
    const listening = store.changes$.subscribe(() => heard++);
    let isInside = false;
    store.lock.hold(() => ((isInside = true), of(1))).subscribe();
    expect(isInside).toBe(true); // as only memory does
    await firstValueFrom(concat(store.write(first, ANY_VERSION)));
    expect((await read(store)).credentials).toEqual(first);
    expect((await read(webStorageStore('login'))).credentials).toBeNull();
    listening.unsubscribe();
  });

  it.each([
    ['with what Node has', '{}'],
    // Node has locks from version 24 on; these are always free
    ['with locks', '{ locks: { request: (_name, _options, step) => step(), query: () => ({}) } }'],
  ])('keeps no process alive over a storage of its own, %s', async (_what, options) => {
    const ended = await runScript(`
      import { createTokenManager } from 'rx-token';
      import { webStorageStore } from 'rx-token/browser';
      const stored = new Map();
      const storage = {
        getItem: (key) => stored.get(key) ?? null,
        setItem: (key, text) => void stored.set(key, text),
        removeItem: (key) => void stored.delete(key),
      };
      const store = webStorageStore('login', storage, ${options});
      const tokens = createTokenManager({ store, refresh: () => ({ access_token: 'A2' }) });
      await tokens.set({ access_token: 'A1' });
      const since = performance.now();
      process.on('exit', () => console.log(performance.now() - since < 2_000 ? 'at once' : 'late'));
      console.log(await tokens.getValidToken());
    `);
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'A1\nat once\n', stderr: '' });
  });

  it('shares nothing with what else a server does under that key', async () => {
    const here = globalThis as { navigator?: unknown; BroadcastChannel?: unknown };
    const had = { BroadcastChannel: here.BroadcastChannel, navigator: here.navigator };
    const asked: string[] = [];
    here.BroadcastChannel = class extends EventTarget {
      constructor(name: string) {
        super();
        asked.push(name);
      }
      readonly close = () => undefined;
    };
    const request = (name: string, _options: unknown, step: () => unknown) => (asked.push(name), step());
    Object.defineProperty(here, 'navigator', {
      value: { locks: { request, query: () => ({}) } },
      configurable: true,
    });
    try {
      const store = webStorageStore('login', fakeBrowser().newTab().storage);
      const listening = store.changes$.subscribe();
      await write(store, first);
      listening.unsubscribe();
      expect([store.lock.lossy, asked]).toEqual([true, []]);
    } finally {
      here.BroadcastChannel = had.BroadcastChannel;
      Object.defineProperty(here, 'navigator', { value: had.navigator, configurable: true });
    }
  });

  it('is refused in a worker, which has no localStorage', () => {
    const here = globalThis as { indexedDB?: unknown };
    here.indexedDB = {};
    try {
      expect(() => webStorageStore('login')).toThrow(/indexedDbStore/);
    } finally {
      delete here.indexedDB;
    }
  });
});

describe('webStorageStore: options', () => {
  const { storage } = fakeBrowser().newTab();
  it.each<[string, unknown[], RegExp]>([
    ['no key', [''], /key/],
    ['a key that is no text', [7], /key/],
    ['a storage of another shape', ['login', { get: () => null }], /storage/],
    ['null for a storage', ['login', null], /storage/],
    ['locks of another shape', ['login', storage, { locks: {} }], /locks/],
    ['a channel instead of how to open one', ['login', storage, { channel: {} }], /channel/],
    ['a page of another shape', ['login', storage, { page: {} }], /page/],
    ['wake$ of another shape', ['login', storage, { wake$: 7 }], /wake\$/],
    ['a scheduler of another shape', ['login', storage, { scheduler: {} }], /scheduler/],
    ['leaseMs of 0', ['login', storage, { leaseMs: 0 }], /leaseMs/],
    ['leaseMs that is no number', ['login', storage, { leaseMs: '9' }], /leaseMs/],
    ['leaseMs for ever', ['login', storage, { leaseMs: Infinity }], /leaseMs/],
  ])('%s is refused by name', (_what, given, message) => {
    expect(() => (webStorageStore as (...all: unknown[]) => unknown)(...given)).toThrow(message);
  });

  it('a lease that is shorter than a refresh may take is refused by the manager', () => {
    const store = webStorageStore('login', storage, { locks: null, leaseMs: 20_000 });
    expect(() => createTokenManager({ store, refresh: () => NEVER })).toThrow(
      /refreshTimeoutMs must be below leaseMs/,
    );
  });
});
