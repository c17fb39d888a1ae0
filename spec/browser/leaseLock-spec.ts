import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { asyncScheduler, firstValueFrom, from, NEVER, Observable, type Subscription } from 'rxjs';
import { ANY_VERSION, type Credentials, type CredentialStore, type Lease } from 'rx-token';
import { indexedDbStore, webStorageStore } from 'rx-token/browser';
import { fakeBrowser, type FakeTab } from '../helpers/fakeBrowser.js';
import { fakeDatabase } from '../helpers/fakeDatabase.js';
import { steppedClock } from '../helpers/steppedClock.js';
import { unevenClock } from '../helpers/unevenClock.js';
import { until } from '../helpers/until.js';

const LEASE_MS = 45_000;
const first: Credentials = { access_token: 'A1', refresh_token: 'R1', expires_at: 1 };

const turns: Subscription[] = [];
afterEach(() => {
  for (const turn of turns.splice(0)) turn.unsubscribe();
});

/** A turn with the lock. */
function take(store: CredentialStore) {
  const got: { lease?: Lease } = {};
  const turn = store.lock
    .hold((lease) => {
      got.lease = lease;
      return new Observable<never>(() => () => delete got.lease);
    })
    .subscribe();
  turns.push(turn);
  return {
    get isInside() {
      return !!got.lease;
    },
    inside: async (): Promise<Lease> => {
      await until(() => !!got.lease);
      return got.lease!;
    },
    leave: () => turn.unsubscribe(),
  };
}

/** Tabs over plain http. */
function insecure(options: Parameters<typeof fakeBrowser>[0] = {}) {
  const clock = steppedClock();
  const browser = fakeBrowser({ scheduler: clock, ...options });
  const storeOf = (tab: FakeTab) => webStorageStore('login', tab.storage, { ...tab.options, locks: null });
  return { ...browser, clock, storeOf };
}

describe('the lease, where there are no Web Locks', () => {
  it('is 45 s long by default, and says that it can lapse', () => {
    const { newTab, storeOf } = insecure();
    expect(storeOf(newTab()).lock).toMatchObject({ lossy: true, leaseMs: LEASE_MS });
  });

  it('keeps others out until it has lapsed when its holder has crashed, and no longer', async () => {
    const { newTab, storeOf, clock, stored } = insecure();
    const tab = newTab();
    await take(storeOf(tab)).inside();
    tab.refuse('UnknownError', 'writing'); // nothing of it arrives any more
    const text = stored.get('login.lease')!;
    const next = take(storeOf(newTab()));

    clock.step(LEASE_MS - 5_000);
    await pause(150);
    expect(next.isInside).toBe(false);
    expect(stored.get('login.lease')).toBe(text);
    clock.step(10_000);
    await next.inside();
  });

  it('says that it lapses before the next gets in', async () => {
    const { newTab, storeOf, clock } = insecure();
    const tab = newTab();
    const lease = await take(storeOf(tab)).inside();
    tab.refuse('UnknownError', 'writing');
    const next = take(storeOf(newTab()));
    clock.step(LEASE_MS + 100);
    expect([lease.signal.aborted, lease.remainingMs()]).toEqual([true, 0]);
    await pause(200);
    expect(next.isInside).toBe(false);
  });

  it('lasts as long as its holder lives', async () => {
    const { newTab, storeOf, clock } = insecure();
    const lease = await take(storeOf(newTab())).inside();
    const next = take(storeOf(newTab()));
    for (let thirds = 0; thirds < 12; thirds++) {
      clock.step(LEASE_MS / 3 + 1);
      await pause(2); // what it writes is promised
    }
    await pause(100);
    expect([lease.signal.aborted, next.isInside]).toEqual([false, false]);
    expect(lease.remainingMs()).toBeGreaterThan(LEASE_MS / 2);
  });

  it('knows by the clock that it has lapsed, before any timer does', async () => {
    const { newTab } = fakeBrowser();
    const tab = newTab();
    const clock = unevenClock(asyncScheduler);
    const options = { ...tab.options, scheduler: clock, locks: null };
    const lease = await take(webStorageStore('login', tab.storage, options)).inside();
    clock.step(LEASE_MS); // the machine slept
    expect(lease.signal.aborted).toBe(false);
    expect(lease.remainingMs()).toBeLessThanOrEqual(0);
  });

  it('is as long as it can be when the request is sent', async () => {
    const { newTab, storeOf, clock } = insecure();
    const store = storeOf(newTab());
    const { snapshot } = await firstValueFrom(from(store.write(first, ANY_VERSION)));
    const lease = await take(store).inside();
    clock.step(10_000);
    expect(lease.remainingMs()).toBeLessThan(LEASE_MS - 9_000);
    await firstValueFrom(from(lease.prepare(first, snapshot.version, 1, 2)), { defaultValue: null });
    expect(lease.remainingMs()).toBeGreaterThan(LEASE_MS - 2_000);
  });

  it('that somebody else has taken is lost when the request would be sent', async () => {
    const { newTab, storeOf, clock } = insecure();
    const tab = newTab();
    const store = storeOf(tab);
    const { snapshot } = await firstValueFrom(from(store.write(first, ANY_VERSION)));
    const lease = await take(store).inside();
    const theirs = JSON.stringify({ owner: 'another', since: 1, until: clock.now() + 9_000 });
    tab.storage.setItem('login.lease', theirs);
    await firstValueFrom(from(lease.prepare(first, snapshot.version, 1, 2)), { defaultValue: null });
    expect([lease.signal.aborted, lease.remainingMs()]).toEqual([true, 0]);

    turns.splice(0)[0]!.unsubscribe();
    await pause(20);
    expect(tab.storage.getItem('login.lease')).toBe(theirs); // nobody else's is given back
  });

  it('is given back at once by a tab that goes', async () => {
    const { newTab, storeOf, stored } = insecure();
    const tab = newTab();
    const lease = await take(storeOf(tab)).inside();
    tab.fire('pagehide');
    expect(stored.has('login.lease')).toBe(false); // in the event itself: afterwards nothing runs
    expect([lease.signal.aborted, lease.remainingMs()]).toEqual([true, 0]);
  });

  it('is given back at once by a tab that goes before it knows that it has got it, and taken anew if it comes back', async () => {
    const { newTab, storeOf, stored } = insecure();
    const tab = newTab();
    const turn = take(storeOf(tab));
    await until(() => stored.has('login.lease'));
    tab.fire('pagehide');
    expect([stored.has('login.lease'), turn.isInside]).toEqual([false, false]);
    const lease = await turn.inside();
    expect([stored.has('login.lease'), lease.signal.aborted]).toEqual([true, false]);
  });

  it('has one holder, though two take it at once and see each other a little later', async () => {
    const { newTab, storeOf } = insecure({ lagMs: 30 });
    const both = [newTab(), newTab()].map((tab) => take(storeOf(tab)));
    await until(() => both.some(({ isInside }) => isInside));
    await pause(150);
    expect(both.filter(({ isInside }) => isInside)).toHaveLength(1);
  });

  it('may have two in a storage that lags for longer: that is why it is called lossy', async () => {
    const { newTab, storeOf } = insecure({ lagMs: 400 });
    const both = [newTab(), newTab()].map((tab) => take(storeOf(tab)));
    await until(() => both.every(({ isInside }) => isInside));
  });

  it.each([
    ['nonsense', () => 'nonsense'],
    ['of another shape', () => '{"owner":7}'],
    ['over', (now: number) => JSON.stringify({ owner: 'x', since: 1, until: now - 1 })],
    [
      'of a clock that is far ahead',
      (now: number) => JSON.stringify({ owner: 'x', since: 1, until: now + 1e9 }),
    ],
  ])('is free where the one there is %s', async (_what, text) => {
    const { newTab, storeOf, clock } = insecure();
    const tab = newTab();
    tab.storage.setItem('login.lease', text(clock.now()));
    await take(storeOf(tab)).inside();
  });

  it('says whose it is, for people', async () => {
    const { newTab, storeOf } = insecure();
    const store = storeOf(newTab());
    const holder = () => firstValueFrom(from(store.lock.holder!()));
    expect(await holder()).toBeNull();
    await take(store).inside();
    expect(await holder()).toEqual({
      by: expect.stringMatching(/^tab \w+, turn 1$/),
      since: expect.any(Number),
    });
  });

  it('cannot be had where the browser permits no storage: a typed error', async () => {
    const { newTab, storeOf } = insecure();
    const tab = newTab();
    tab.refuse('SecurityError');
    await expect(firstValueFrom(storeOf(tab).lock.hold(() => NEVER))).rejects.toMatchObject({
      code: 'store_unwritable',
      reason: 'SecurityError',
    });
  });
});

describe('the lease in a database', () => {
  const MARK = 'rx-token/indexedDB/login/farewell';

  /** Tabs over plain http whose writes to a database take their time. */
  function insecureTabs() {
    const { newTab, stored } = fakeBrowser();
    const database = fakeDatabase();
    function open() {
      const tab = newTab();
      const { indexedDB, end } = database.inTab();
      const store = indexedDbStore('login', { ...tab.options, locks: null, indexedDB });
      const go = () => tab.fire('pagehide');
      return { tab, store, go, goForEver: () => (go(), end()) };
    }
    const owner = () => (database.objects.get('lease') as { owner: string } | undefined)?.owner;
    return { open, stored, owner };
  }

  it('is free when its page has said farewell, though nothing that it writes arrives any more', async () => {
    const { open, stored, owner } = insecureTabs();
    const [goes, next] = [open(), open()];
    await take(goes.store).inside();
    const before = owner();
    goes.goForEver();
    expect(stored.get(MARK)).toBe(before); // in the event itself; whose it was, and nothing else
    expect(await firstValueFrom(from(next.store.lock.holder!()))).toBeNull();

    await take(next.store).inside();
    expect(owner()).not.toBe(before);
    expect(stored.has(MARK)).toBe(false);
  });

  it('is free when its page goes while it gives it back', async () => {
    const { open, owner } = insecureTabs();
    const [goes, next] = [open(), open()];
    const turn = take(goes.store);
    await turn.inside();
    turn.leave();
    goes.goForEver();
    expect(owner()).toBeDefined();
    await take(next.store).inside();
  });

  it('is nothing that a page which comes back believes in', async () => {
    const { open } = insecureTabs();
    const [goes, next] = [open(), open()];
    const lease = await take(goes.store).inside();
    const other = take(next.store);
    goes.go();
    expect([lease.signal.aborted, lease.remainingMs()]).toEqual([true, 0]);
    await other.inside();

    const again = take(goes.store);
    await pause(150);
    expect(again.isInside).toBe(false);
  });

  it('is not taken from a page that is back and has it anew', async () => {
    const { open, owner } = insecureTabs();
    const [goes, next] = [open(), open()];
    const turn = take(goes.store);
    await until(() => owner() !== undefined); // and the page does not know yet
    const before = owner();
    goes.go();
    await turn.inside();
    expect(owner()).not.toBe(before); // which has said farewell, for whoever sees it late

    const other = take(next.store);
    await pause(150);
    expect(other.isInside).toBe(false);
  });

  it('is still free when another page goes that only waited', async () => {
    const { open, stored, owner } = insecureTabs();
    const [goes, waits, next] = [open(), open(), open()];
    await take(goes.store).inside();
    take(waits.store);
    await pause(20);
    goes.goForEver();
    waits.goForEver();
    expect(stored.get(MARK)).toBe(owner());
    await take(next.store).inside();
  });

  it('lapses where nothing can be said', async () => {
    const { open, owner } = insecureTabs();
    const [goes, next] = [open(), open()];
    await take(goes.store).inside();
    const before = owner();
    goes.tab.refuse('SecurityError');
    goes.goForEver();
    const other = take(next.store);
    await pause(150);
    expect([other.isInside, owner()]).toEqual([false, before]);
  });
});
