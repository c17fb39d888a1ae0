import { join } from 'node:path';
import { leftoversOf, pairAt, savedIn } from '../credentialFile.js';
import type { Backend } from './backend.js';

export const file: Backend = {
  traits: ['file', 'lasting'],
  start(folder) {
    const path = join(folder, 'credentials.json');
    return Promise.resolve({
      describe: () => ({ kind: 'file', path }),
      look: () => Promise.resolve(pairAt(path)),
      saved: () => Promise.resolve(savedIn(path)),
      leftovers: () => Promise.resolve(leftoversOf(path)),
      close: () => Promise.resolve(),
    });
  },
};
