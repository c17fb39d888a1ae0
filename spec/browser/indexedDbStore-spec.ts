import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, from, of } from 'rxjs';
import { ANY_VERSION } from 'rx-token';
import { indexedDbStore, type IndexedDbLike } from 'rx-token/browser';
import { fakeBrowser } from '../helpers/fakeBrowser.js';
import { bundled } from '../helpers/site.js';

// what it does with a real database: tabs-spec.ts and mishaps-spec.ts
describe('indexedDbStore', () => {
  it('is a memory store on a server', async () => {
    const store = indexedDbStore('login');
    const first = { access_token: 'A1' };
    await firstValueFrom(from(store.write(first, ANY_VERSION)));
    expect((await firstValueFrom(from(store.read()))).credentials).toEqual(first);
    let isInside = false;
    store.lock.hold(() => ((isInside = true), of(1))).subscribe();
    expect(isInside).toBe(true); // as only memory does
  });

  it.each(['SecurityError', 'InvalidStateError'])(
    'that cannot be opened (%s) is a typed error',
    async (name) => {
      const { options } = fakeBrowser().newTab();
      const indexedDB = {
        open() {
          throw Object.assign(new Error('not to be shown'), { name });
        },
      };
      const store = indexedDbStore('login', { ...options, indexedDB });
      await expect(firstValueFrom(from(store.read()))).rejects.toMatchObject({
        code: 'store_unreadable',
        reason: name,
        message: expect.stringContaining('the database login'),
      });
      await expect(firstValueFrom(from(store.write(null, ANY_VERSION)))).rejects.toMatchObject({
        code: 'store_unwritable',
      });
    },
  );

  it.each([
    ['its connection was closed', 'AbortError'], // by whoever clears the data of the site
    ['another tool has changed it meanwhile', 'VersionError'],
  ])('is opened again where, while it was opened, %s', async (_what, name) => {
    const outcomes = [name, 'SecurityError', name, name, name];
    const open = () => {
      const request = Object.assign(new EventTarget(), { error: { name: outcomes.shift() ?? 'NoError' } });
      queueMicrotask(() => request.dispatchEvent(new Event('error')));
      return request as unknown as ReturnType<IndexedDbLike['open']>;
    };
    const store = indexedDbStore('login', { ...fakeBrowser().newTab().options, indexedDB: { open } });
    const reading = () => firstValueFrom(from(store.read()));
    await expect(reading()).rejects.toMatchObject({ reason: 'SecurityError' });
    await expect(reading()).rejects.toMatchObject({ reason: name }); // but not for ever
    expect(outcomes).toEqual([]);
  });

  it.each<[string, unknown[], RegExp]>([
    ['no name', [''], /name/],
    ['a name that is no text', [undefined], /name/],
    ['locks of another shape', ['login', { locks: { request: () => undefined } }], /locks/],
    ['a database of another shape', ['login', { indexedDB: {} }], /indexedDB/],
  ])('%s is refused by name', (_what, given, message) => {
    expect(() => (indexedDbStore as (...all: unknown[]) => unknown)(...given)).toThrow(message);
  });
});

describe('rx-token/browser', () => {
  it('touches nothing of the platform when it is imported', async () => {
    const names = ['window', 'document', 'navigator', 'localStorage', 'sessionStorage', 'indexedDB'];
    const script = await bundled('src/browser/index.ts');
    const touched: string[] = [];
    const world = createContext({ AbortController });
    for (const name of [...names, 'BroadcastChannel', 'addEventListener', 'setTimeout']) {
      Object.defineProperty(world, name, { get: () => void touched.push(name) });
    }
    runInContext(script, world);
    expect(touched).toEqual([]);
    runInContext('document', world);
    expect(touched).toEqual(['document']);
  });
});
