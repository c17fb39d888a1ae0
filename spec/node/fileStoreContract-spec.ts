import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { noop } from 'rxjs';
import { fileStore } from '../../src/node/index.js';
import { storeContract } from '../../src/testing/index.js';
import { tempFolder } from '../helpers/tempFolder.js';

describe('fileStore', () => {
  const contract = storeContract({
    create() {
      const folder = join(tempFolder(), 'made/by the store');
      const link = join(tempFolder(), 'link.json');
      const path = join(folder, 'credentials.json');
      symlinkSync(path, link);
      const options = { restatMs: 50 };
      return {
        store: fileStore(path, options),
        sibling: fileStore(link, options),
        reopen: () => fileStore(path, options),
        disturb() {
          renameSync(folder, `${folder}, moved`);
          return () => mkdirSync(folder);
        },
      };
    },
    cannot: { synchronousLock: 'the kernel is asked through a file that is opened first' },
  });
  for (const law of contract) it(law.name, law.run);
  for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
});
