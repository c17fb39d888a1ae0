import { describe, expect, it } from '@jest/globals';
import { createTokenManager, memoryStore } from 'rx-token';

const refresh = () => new Promise<never>(() => undefined);
const make = (config: object) => () => createTokenManager({ refresh, ...config });

describe('createTokenManager', () => {
  it('needs refresh or acquire, one at least', () => {
    expect(() => createTokenManager({})).toThrow(/refresh or acquire/);
    expect(() => createTokenManager({ acquire: refresh })).not.toThrow();
    for (const wrong of [undefined, null, 7]) {
      expect(() => createTokenManager(wrong as never)).toThrow(TypeError);
    }
  });

  it.each(['skewMs', 'refreshAheadMs', 'jitterMs', 'refreshTimeoutMs', 'lockTimeoutMs', 'maxWaitMs'])(
    'names the duration that is wrong: %s',
    (option) => {
      for (const wrong of [-1, NaN]) {
        expect(make({ [option]: wrong })).toThrow(RangeError);
        expect(make({ [option]: wrong })).toThrow(new RegExp(option));
      }
      for (const wrong of ['60000', {}, true]) {
        expect(make({ [option]: wrong })).toThrow(TypeError);
        expect(make({ [option]: wrong })).toThrow(new RegExp(option));
      }
      expect(make({ [option]: 1_000 })).not.toThrow();
      expect(make({ [option]: undefined })).not.toThrow();
    },
  );

  it.each(['refreshTimeoutMs', 'lockTimeoutMs'])('refuses a %s that no timer can wait', (option) => {
    expect(make({ [option]: 2 ** 31 })).toThrow(RangeError);
    expect(make({ [option]: Infinity })).toThrow(RangeError);
  });

  it.each(['refresh', 'acquire', 'retry', 'onRefresh', 'sameAccount', 'random'])(
    'names the callback that is wrong: %s',
    (option) => {
      for (const wrong of ['a string', 7, {}]) {
        expect(make({ [option]: wrong })).toThrow(TypeError);
        expect(make({ [option]: wrong })).toThrow(new RegExp(option));
      }
    },
  );

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'Google', ''])(
    'knows no provider named %p, and lists those that it knows',
    (provider) => {
      expect(make({ provider })).toThrow(RangeError);
      expect(make({ provider })).toThrow(/google, okta, auth0, microsoft, salesforce, github, generic/);
      expect(make({ provider })).toThrow(/provider/);
    },
  );

  it.each([
    ...[7, {}, { name: 'mine' }, [], () => undefined],
    ...[
      { name: 'mine', reuse: 'strickt' },
      { name: 'mine', reuse: {} },
    ],
    ...['30000', NaN].map((graceMs) => ({ name: 'mine', reuse: { graceMs } })),
  ])('takes %p for no profile', (provider) => {
    expect(make({ provider })).toThrow(TypeError);
    expect(make({ provider })).toThrow(/provider/);
  });

  it('takes a profile of one’s own', () => {
    expect(make({ provider: { name: 'mine', reuse: 'strict' } })).not.toThrow();
    expect(make({ provider: { name: 'mine', reuse: { graceMs: 10_000 } } })).not.toThrow();
  });

  it.each([7, 'file.json', {}, { get: () => undefined }, { read: () => undefined }])(
    'takes %p for no store',
    (store) => {
      expect(make({ store })).toThrow(TypeError);
      expect(make({ store })).toThrow(/store/);
    },
  );

  it.each([7, {}, { now: () => 0 }, { schedule: () => undefined }])(
    'takes %p for no scheduler',
    (scheduler) => {
      expect(make({ scheduler })).toThrow(TypeError);
      expect(make({ scheduler })).toThrow(/scheduler/);
    },
  );

  it('refuses an exchange timeout that outlasts the lease of a lossy lock', () => {
    const { lock, ...rest } = memoryStore();
    const store = { ...rest, lock: { ...lock, lossy: true, leaseMs: 20_000 } };

    expect(make({ store })).toThrow(RangeError);
    expect(make({ store })).toThrow(/refreshTimeoutMs/);
    expect(make({ store, refreshTimeoutMs: 10_000 })).not.toThrow();
  });

  it('does nothing until it is used: no read, no timer, no subscription', () => {
    const untouched = new Proxy(memoryStore(), {
      get(store, name) {
        const value = Reflect.get(store, name) as unknown;
        if (name !== 'read' && name !== 'write') return value;
        return () => {
          throw new Error(`${name} was called`);
        };
      },
    });

    expect(make({ store: untouched })).not.toThrow();
  });

  it.each([-1, NaN])('a caller’s minValidityMs of %p is a RangeError', async (wrong) => {
    const tokens = createTokenManager({
      refresh,
      store: memoryStore({ access_token: 'A1', expires_at: Date.now() + 3_600_000 }),
    });

    await expect(tokens.getValidToken({ minValidityMs: wrong })).rejects.toThrow(RangeError);
  });
});
