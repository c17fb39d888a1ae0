import { describe, expect, it } from '@jest/globals';
import { from } from 'rxjs';
import { memoryStore } from '../../src/stores/memoryStore.js';
import { snapshotIn, storedIn } from '../helpers/stored.js';

const initial = { access_token: 'A1', refresh_token: 'R1', list: [1] };

describe('memoryStore', () => {
  it('begins with what it is given, as it was then', () => {
    const given = structuredClone(initial);
    const store = memoryStore(given);
    given.access_token = 'changed';
    given.list.push(2);
    expect(storedIn(store)).toEqual(initial);
  });

  it('begins with nobody otherwise', () => {
    expect(storedIn(memoryStore())).toBeNull();
    expect(storedIn(memoryStore(null))).toBeNull();
  });

  it('is written synchronously, and keeps a copy', () => {
    const store = memoryStore();
    const given = structuredClone(initial);
    from(store.write(given, snapshotIn(store).version)).subscribe();
    given.list.push(2);
    expect(storedIn(store)).toEqual(initial);
    expect(Object.isFrozen(storedIn(store))).toBe(true);
    from(store.write(null, snapshotIn(store).version)).subscribe();
    expect(storedIn(store)).toBeNull();
  });

  it.each([{}, { access_token: '' }, 'A1', 7])('refuses to begin with %j', (given) => {
    expect(() => memoryStore(given as never)).toThrow(TypeError);
    expect(() => memoryStore(given as never)).toThrow('memoryStore(initial)');
  });

  it('is another each time', () => {
    expect(storedIn(memoryStore(initial))).not.toBe(storedIn(memoryStore()));
  });
});
