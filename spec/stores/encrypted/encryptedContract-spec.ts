import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { noop } from 'rxjs';
import { encrypted, memoryStore } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { storeContract, type StoreContractConfig } from 'rx-token/testing';
import { tempFolder } from '../../helpers/tempFolder.js';
import { keyOf } from '../../helpers/keyOf.js';

function describeContract(what: string, config: StoreContractConfig): void {
  describe(what, () => {
    const contract = storeContract({ deadlineMs: 10_000, ...config });
    for (const law of contract) it(law.name, law.run);
    for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
  });
}

const options = { key: keyOf(1), id: 'alice' };

describeContract('encrypted(memoryStore)', {
  create() {
    const inner = memoryStore();
    return { store: encrypted(inner, options), sibling: encrypted(inner, options) };
  },
  cannot: { survival: 'memory', disturbance: 'nothing beneath it can fail' },
});

describeContract('encrypted({ get, set })', {
  create() {
    let kept: string | null = null;
    const pair = {
      get: () => Promise.resolve(kept === null ? null : (JSON.parse(kept) as unknown)),
      set: (next: unknown) => {
        kept = next === null ? null : JSON.stringify(next);
        return Promise.resolve();
      },
    };
    return { store: encrypted(pair, options), sibling: encrypted(pair, options) };
  },
  cannot: { survival: 'the journal is in memory', disturbance: 'nothing beneath it can fail' },
});

describeContract('encrypted(fileStore)', {
  create() {
    const folder = join(tempFolder(), 'made by the store');
    const path = join(folder, 'credentials.json');
    const open = () => encrypted(fileStore(path, { restatMs: 50 }), options);
    return {
      store: open(),
      sibling: open(),
      reopen: open,
      disturb() {
        renameSync(folder, `${folder}, moved`);
        return () => mkdirSync(folder);
      },
    };
  },
  cannot: { synchronousLock: 'the kernel is asked through a file that is opened first' },
});
