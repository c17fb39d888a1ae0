import { NEVER } from 'rxjs';
import { createTokenManager, encrypted } from '../../../src/index.js';
import { fileStore } from '../../../src/node/index.js';
import { keyOf } from '../../helpers/keyOf.js';
import { obey, tell } from '../../helpers/obey.js';

// argv: the path; asks for a token, sends, and waits for an answer that never comes
const tokens = createTokenManager({
  store: encrypted(fileStore(process.argv[2]!), { key: keyOf(1), id: 'alice' }),
  refresh() {
    tell('sent', Date.now());
    return NEVER;
  },
});

obey({ ask: () => tokens.getValidToken() });
