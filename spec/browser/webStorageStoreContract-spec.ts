import { describe, it } from '@jest/globals';
import { noop } from 'rxjs';
import { webStorageStore } from 'rx-token/browser';
import { storeContract, type StoreContractConfig } from 'rx-token/testing';
import { fakeBrowser, type FakeTab } from '../helpers/fakeBrowser.js';
import { steppedClock } from '../helpers/steppedClock.js';

function describeContract(config: StoreContractConfig): void {
  const contract = storeContract(config);
  for (const law of contract) it(law.name, law.run);
  for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
}

const disturbing = (tab: FakeTab) => () => {
  tab.fire('pagehide');
  tab.refuse('SecurityError');
  return () => {
    tab.refuse(null);
    tab.fire('pageshow');
  };
};
const cannot = { synchronousLock: 'a browser grants its locks later' };

describe('webStorageStore in a fake browser', () => {
  describe('with Web Locks', () =>
    describeContract({
      create() {
        const { newTab } = fakeBrowser();
        const [tab, other, later] = [newTab(), newTab(), newTab()];
        const storeOf = ({ storage, options }: FakeTab) => webStorageStore('login', storage, options);
        return {
          store: storeOf(tab),
          sibling: storeOf(other),
          reopen: () => storeOf(later),
          disturb: disturbing(tab),
        };
      },
      cannot,
    }));

  describe('with Web Locks, and a storage that lags behind them', () =>
    describeContract({
      create() {
        const { newTab } = fakeBrowser({ lagMs: 10 });
        const [tab, other, later] = [newTab(), newTab(), newTab()];
        const storeOf = ({ storage, options }: FakeTab) => webStorageStore('login', storage, options);
        return {
          store: storeOf(tab),
          sibling: storeOf(other),
          reopen: () => storeOf(later),
          disturb: disturbing(tab),
        };
      },
      cannot,
    }));

  describe('without Web Locks', () =>
    describeContract({
      create() {
        const clock = steppedClock();
        const { newTab } = fakeBrowser({ scheduler: clock });
        const [tab, other, later] = [newTab(), newTab(), newTab()];
        const storeOf = ({ storage, options }: FakeTab) =>
          webStorageStore('login', storage, { ...options, locks: null });
        return {
          store: storeOf(tab),
          sibling: storeOf(other),
          reopen: () => storeOf(later),
          lapse: () => clock.step(200_000),
          disturb: disturbing(tab),
        };
      },
      lossy: true,
      deadlineMs: 5_000,
      cannot,
    }));
});
