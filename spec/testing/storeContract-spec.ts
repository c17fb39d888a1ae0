import { describe, expect, it } from '@jest/globals';
import { noop } from 'rxjs';
import { liftStore } from '../../src/stores/liftStore.js';
import { memoryStore } from '../../src/stores/memoryStore.js';
import { type StoreContractConfig, storeContract } from '../../src/testing/index.js';
import { lawbreakers } from './lawbreakers.js';
import { tinyUnderTest } from './tinyStore.js';

/** Every law a test; what does not apply is seen to be skipped, with the reason. */
function describeContract(config: StoreContractConfig): void {
  const contract = storeContract(config);
  for (const law of contract) it(law.name, law.run);
  for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
}

const inOneProcess = {
  siblings: 'the object is the store',
  survival: 'it lives in memory',
  disturbance: 'nothing beneath it can fail',
};

describe('storeContract', () => {
  describe('holds for a tiny store', () => describeContract({ create: tinyUnderTest }));

  describe('holds for a tiny store with a lossy lock', () =>
    describeContract({ create: () => tinyUnderTest({ lossy: true }), lossy: true }));

  describe('holds for memoryStore', () =>
    describeContract({ create: () => ({ store: memoryStore() }), cannot: inOneProcess }));

  describe('holds for a lifted { get, set } pair', () =>
    describeContract({
      create() {
        let kept: string | null = null;
        const get = () => Promise.resolve(kept === null ? null : (JSON.parse(kept) as unknown));
        const set = (next: unknown) => {
          kept = next === null ? null : JSON.stringify(next);
          return Promise.resolve();
        };
        return { store: liftStore({ get, set }) };
      },
      cannot: inOneProcess,
    }));

  describe('catches the store that breaks the law that', () => {
    const times = { deadlineMs: 60, quietMs: 4 };
    const [strict, lossy] = [false, true].map((isLossy) =>
      storeContract({ create: () => tinyUnderTest({ lossy: isLossy }), lossy: isLossy }),
    );
    const names = new Set([...strict!.laws, ...lossy!.laws].map(({ name }) => name));
    names.delete('the lock says that it is lossy'); // the same law, said of the other kind

    it('is named by each of these sentences', () => {
      expect(Object.keys(lawbreakers).sort()).toEqual([...names].sort());
    });

    it.each(Object.entries(lawbreakers))('%s', async (name, create) => {
      const isLossy = name.includes('lapses before');
      const law = storeContract({ create, lossy: isLossy, ...times }).laws.find((each) => each.name === name);
      await expect(law!.run()).rejects.toThrow(/./);
    });
  });

  it('lists what does not apply, with the reason, and runs the rest', () => {
    const create = tinyUnderTest;
    const all = storeContract({ create });
    const some = storeContract({ create, cannot: { journal: 'there is no room for one' } });

    const left = some.notApplicable.filter(({ reason }) => reason === 'there is no room for one');

    expect(left.map(({ name }) => name)).toContain('acquitting strikes the journal out');
    expect(some.laws.length + left.length).toBe(all.laws.length);
    expect(all.notApplicable.map(({ reason }) => reason)).toEqual(['the lock is not lossy']);
  });

  it('fails, rather than skip, when it was not given what a law needs', async () => {
    const { laws } = storeContract({ create: () => ({ store: tinyUnderTest().store }) });
    const sentences = await Promise.all(
      laws
        .filter(({ name }) => /sibling sees|content outlives|what breaks/.test(name))
        .map(({ run }) =>
          run().then(
            () => 'held',
            (error: unknown) => (error as Error).message,
          ),
        ),
    );

    expect(sentences).toEqual([
      expect.stringContaining('let create() return one'),
      expect.stringContaining('This law needs reopen'),
      expect.stringContaining('This law needs disturb'),
    ]);
  });

  it('disposes of the store after a law, kept or broken', async () => {
    let disposed = 0;
    const create = () => ({
      ...tinyUnderTest({ version: (record) => record }),
      dispose: () => ++disposed,
    });
    const { laws } = storeContract({ create });
    const outcomes = await Promise.allSettled(laws.slice(0, 12).map(({ run }) => run()));

    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
    expect(disposed).toBe(12);
  });
});
