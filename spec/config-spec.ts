import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, EMPTY, NEVER, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { readConfig } from '../src/config.js';
import type { CredentialStore } from '../src/contracts.js';
import type { Credentials } from '../src/credentials.js';
import { defaultRetry } from '../src/retryPolicy.js';
import { sameAccount } from '../src/sameAccount.js';
import { memoryStore } from '../src/stores/memoryStore.js';
import { unrefScheduler } from '../src/unrefScheduler.js';
import { jwt } from './helpers/jwt.js';

const refresh = () => NEVER;
const read = (config: Record<string, unknown>) => readConfig(config);
const withLock = (lock: object): CredentialStore => ({
  ...memoryStore(),
  lock: { lossy: true, hold: () => EMPTY, ...lock },
});

/** The kind of the error that comes of it, and what it says. */
function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return [(error as Error).constructor, (error as Error).message];
  }
}

const [alice, bob] = ['alice', 'bob'].map((sub) => ({ access_token: 'A', id_token: jwt({ sub }) })) as [
  Credentials,
  Credentials,
];

describe('readConfig', () => {
  it('has a default for everything but what to call', () => {
    expect(read({ refresh })).toMatchObject({
      skewMs: 60_000,
      refreshAheadMs: 0,
      jitterMs: 0,
      refreshTimeoutMs: 30_000,
      lockTimeoutMs: 10_000,
      maxWaitMs: 5_000,
      strictPersist: false,
      retry: defaultRetry,
      profile: { name: 'generic' },
      reuse: 'unknown',
      canAcquire: false,
      scheduler: asyncScheduler,
      background: unrefScheduler,
      random: Math.random,
    });
  });

  it('takes what it is given, 0 and false among it', () => {
    const given = {
      skewMs: 0,
      refreshAheadMs: 1,
      jitterMs: 2,
      refreshTimeoutMs: 3,
      lockTimeoutMs: 0,
      maxWaitMs: 2 ** 31 - 1,
      strictPersist: true,
      retry: () => 1,
      onRefresh: () => undefined,
      random: () => 0,
    };
    expect(read({ refresh, ...given })).toMatchObject(given);
  });

  it.each([
    ['by the subjects', undefined, sameAccount(alice, bob)],
    ['as it is told', () => true, true],
    [
      'not where it cannot be told',
      () => {
        throw new Error('no');
      },
      false,
    ],
  ])('compares accounts %s', (_how, isSame, expected) => {
    expect(read({ refresh, sameAccount: isSame }).sameAccount(alice, bob)).toBe(expected);
  });

  it('takes undefined for nothing', () => {
    const given = { skewMs: undefined, store: undefined, provider: undefined, scheduler: undefined };
    expect(read({ refresh, ...given, acquire: undefined })).toMatchObject({
      skewMs: 60_000,
      canAcquire: false,
    });
  });

  const durations = [
    'skewMs',
    'refreshAheadMs',
    'jitterMs',
    'refreshTimeoutMs',
    'lockTimeoutMs',
    'maxWaitMs',
  ];

  it.each(durations)('refuses what is no duration, naming %s', (name) => {
    for (const wrong of ['60000', true, {}, () => 1]) {
      expect(refusal(() => read({ refresh, [name]: wrong }))).toEqual([
        TypeError,
        expect.stringContaining(name),
      ]);
    }
    for (const wrong of [-1, NaN, Infinity, 2 ** 31]) {
      expect(refusal(() => read({ refresh, [name]: wrong }))).toEqual([
        RangeError,
        expect.stringContaining(name),
      ]);
    }
  });

  it.each(['refresh', 'acquire', 'retry', 'onRefresh', 'sameAccount', 'random'])(
    'refuses what cannot be called, naming %s',
    (name) => {
      for (const wrong of ['called', 1, {}, true]) {
        expect(refusal(() => read({ refresh, [name]: wrong }))).toEqual([
          TypeError,
          expect.stringContaining(name),
        ]);
      }
    },
  );

  it.each(['yes', 1, {}])('refuses a strictPersist of %j', (strictPersist) => {
    expect(refusal(() => read({ refresh, strictPersist }))).toEqual([
      TypeError,
      expect.stringContaining('strictPersist'),
    ]);
  });

  it.each([5, 'soon', {}, { now: () => 0 }])('refuses a scheduler like %p', (scheduler) => {
    expect(refusal(() => read({ refresh, scheduler }))).toEqual([
      TypeError,
      expect.stringContaining('scheduler'),
    ]);
  });

  it('wants something to call', () => {
    expect(refusal(() => read({}))).toEqual([TypeError, expect.stringContaining('refresh or acquire')]);
  });

  describe('what is called', () => {
    const asked: unknown[] = [];
    const context = {
      signal: new AbortController().signal,
      profile: { name: 'p', reuse: 'strict' },
      attempt: 3,
    } as const;
    const previous = { access_token: 'A1' };
    const both = {
      refresh: (...all: unknown[]) => (asked.push(['refresh', ...all]), NEVER),
      acquire: (...all: unknown[]) => (asked.push(['acquire', ...all]), NEVER),
    };
    const called = (config: Record<string, unknown>, held: typeof previous | null): unknown => {
      asked.length = 0;
      read(config).ask(held, context);
      return asked;
    };

    it('is refresh for credentials, and acquire for nobody', () => {
      expect(called(both, previous)).toEqual([['refresh', previous, context]]);
      expect(called(both, null)).toEqual([['acquire', context]]);
      expect(read(both).canAcquire).toBe(true);
    });

    it('is acquire for both, where it is alone', () => {
      const { acquire } = both;
      expect(called({ acquire }, previous)).toEqual([['acquire', context]]);
      expect(called({ acquire }, null)).toEqual([['acquire', context]]);
    });
  });

  it('runs all that runs behind on the scheduler that it is given', () => {
    const scheduler = new TestScheduler(() => undefined);
    expect(read({ refresh, scheduler })).toMatchObject({ scheduler, background: scheduler });
    expect(read({ refresh, scheduler: asyncScheduler }).background).toBe(unrefScheduler);
  });

  describe('provider', () => {
    it('is a name', () => {
      expect(read({ refresh, provider: 'okta' })).toMatchObject({
        profile: { name: 'okta' },
        reuse: { graceMs: 30_000 },
      });
    });

    it('is a profile', () => {
      const provider = { name: 'mine', reuse: 'harmless' };
      expect(read({ refresh, provider })).toMatchObject({ profile: provider, reuse: 'harmless' });
    });

    it.each(['constructor', '__proto__', 'Google', ''])('is not %j', (provider) => {
      expect(refusal(() => read({ refresh, provider }))).toEqual([
        RangeError,
        expect.stringContaining('provider'),
      ]);
    });

    it.each([5, null, {}, { name: 'mine' }, { reuse: 'strict' }])('is not %j either', (provider) => {
      expect(refusal(() => read({ refresh, provider }))).toEqual([
        TypeError,
        expect.stringContaining('provider'),
      ]);
    });
  });

  describe('store', () => {
    it('is one of its own for each manager, unless one is given', () => {
      expect(read({ refresh }).store).not.toBe(read({ refresh }).store);
      const store = memoryStore();
      expect(read({ refresh, store }).store).toBe(store);
    });

    it('is a pair, which is lifted', () => {
      const store = { get: () => Promise.resolve(null), set: () => Promise.resolve() };
      expect(read({ refresh, store }).store).toMatchObject({ lock: { lossy: false } });
    });

    it.each([
      5,
      'file.json',
      null,
      {},
      { get: () => of(null) },
      { read: () => EMPTY },
      { read: () => EMPTY, lock: {} },
    ])('is not %p', (store) => {
      expect(refusal(() => read({ refresh, store }))).toEqual([TypeError, expect.stringContaining('store')]);
    });

    it('has a lease that outlives an exchange', () => {
      expect(read({ refresh, store: withLock({ leaseMs: 30_001 }) })).toBeDefined();
      expect(read({ refresh, store: withLock({}), refreshTimeoutMs: 90_000 })).toBeDefined();
      for (const leaseMs of [30_000, 5]) {
        const config = { refresh, store: withLock({ leaseMs }) };
        expect(refusal(() => read(config))).toEqual([
          RangeError,
          expect.stringContaining('refreshTimeoutMs'),
        ]);
      }
    });
  });
});
