import { hearingLaws } from './laws/hearingLaws.js';
import { journalLaws } from './laws/journalLaws.js';
import type { Capability, Law, StoreUnderTest } from './laws/law.js';
import { leaseLaws } from './laws/leaseLaws.js';
import { lockLaws } from './laws/lockLaws.js';
import { must } from './laws/must.js';
import { openBench } from './laws/openBench.js';
import { recordLaws } from './laws/recordLaws.js';
import { versionLaws } from './laws/versionLaws.js';
import { writeLaws } from './laws/writeLaws.js';

export type { Capability, StoreUnderTest } from './laws/law.js';

export interface StoreContractConfig {
  /** Makes a fresh store of an empty credential; called once for each law. */
  create(): StoreUnderTest | PromiseLike<StoreUnderTest>;
  /** Whether the lock is a lease that can lapse. Default false. */
  readonly lossy?: boolean | undefined;
  /** What this store cannot do, and why: the laws about it are listed as not applicable, with this reason. */
  readonly cannot?: Readonly<Partial<Record<Capability, string>>> | undefined;
  /** How long anything that must happen may take, in ms; default 2 000. */
  readonly deadlineMs?: number | undefined;
  /** How long to watch for what must not happen, in ms; default 20. More than a wake-up of the store takes. */
  readonly quietMs?: number | undefined;
}

/** A law, ready to be run. */
export interface StoreLaw {
  /** A sentence. */
  readonly name: string;
  /** Resolves if the law holds; rejects with an `Error` that says what does not. Can be run again. */
  readonly run: () => Promise<void>;
}

export interface StoreContract extends Iterable<StoreLaw> {
  readonly laws: readonly StoreLaw[];
  /** Every law that is not among `laws`, with the reason. */
  readonly notApplicable: readonly { readonly name: string; readonly reason: string }[];
}

const ALL: readonly Law[] = [
  ...recordLaws,
  ...versionLaws,
  ...writeLaws,
  ...lockLaws,
  ...leaseLaws,
  ...journalLaws,
  ...hearingLaws,
];

/**
 * The laws that every store keeps, as values, for any test runner. A law that needs what the store has not
 * been given fails and says so, unless `cannot` gives the reason: nothing is skipped in silence. Everything
 * in a law has a deadline, on real timers.
 *
 * @example
 * const contract = storeContract({
 *   create: async () => ({ store: memoryStore() }),
 *   cannot: { siblings: 'the object is the store', survival: 'memory', disturbance: 'nothing can fail' },
 * });
 * for (const law of contract) it(law.name, law.run);
 * for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, () => {});
 */
export function storeContract(config: StoreContractConfig): StoreContract {
  const { create, lossy = false, deadlineMs = 2_000, quietMs = 20 } = config;
  const cannot: StoreContractConfig['cannot'] = {
    ...(!lossy && { lapsing: 'the lock is not lossy' }),
    ...config.cannot,
  };
  const reasonAgainst = ({ needs = [] }: Law) => needs.map((need) => cannot[need]).find((reason) => reason);

  const whatLockSays: Law = {
    name: lossy ? 'the lock says that it is lossy' : 'the lock says that it is not lossy',
    holds({ store }) {
      must(store.lock.lossy === lossy, `The lock says lossy: ${lossy}. It says ${store.lock.lossy}`);
      return Promise.resolve();
    },
  };

  async function tryOut(law: Law): Promise<void> {
    const under = await create();
    const { bench, close } = openBench(under, { deadlineMs, quietMs });
    try {
      await law.holds(bench);
    } finally {
      close();
      await under.dispose?.();
    }
  }

  const all = [whatLockSays, ...ALL];
  const laws = all
    .filter((law) => reasonAgainst(law) === undefined)
    .map((law) => ({ name: law.name, run: () => tryOut(law) }));
  const notApplicable = all.flatMap((law) => {
    const reason = reasonAgainst(law);
    return reason === undefined ? [] : [{ name: law.name, reason }];
  });
  return { laws, notApplicable, [Symbol.iterator]: () => laws[Symbol.iterator]() };
}
