import { ANY_VERSION, NO_VERSION } from '../../contracts.js';
import type { Credentials } from '../../credentials.js';
import { type Law, someCredentials } from './law.js';
import { must, mustEqual } from './must.js';

const withStrangers = {
  ...someCredentials(1),
  id_token: 'header.payload.signature',
  account: { id: 7, roles: ['owner', { of: 'all' }], left: null, name: 'Zoë 🦉' },
  'x-y z': false,
  '': 'nameless',
} as Credentials;

function mustBeFrozen(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  must(Object.isFrozen(value), `${path} is frozen: it is not`);
  for (const [field, inner] of Object.entries(value)) mustBeFrozen(inner, `${path}.${field}`);
}

/** What goes in comes out. */
export const recordLaws: readonly Law[] = [
  {
    name: 'an empty store says that nobody is signed in',
    async holds({ read }) {
      const { credentials, version, pending, dead } = await read();
      mustEqual(
        { credentials, version },
        { credentials: null, version: NO_VERSION },
        'What an empty store holds',
      );
      must(pending === undefined && !dead, 'An empty store has no journal and no dead mark');
    },
  },
  {
    name: 'a read sees the last write',
    async holds({ read, write }) {
      for (const generation of [1, 2, 3]) {
        const { written } = await write(someCredentials(generation), ANY_VERSION);
        must(written, 'A write with ANY_VERSION is written');
        mustEqual((await read()).credentials, someCredentials(generation), 'What was written last');
      }
    },
  },
  {
    name: 'a read through a sibling sees the last write',
    needs: ['siblings'],
    async holds({ store, sibling, read, write }) {
      must(
        store !== sibling,
        'This law needs a sibling: let create() return one, or say in `cannot` why there is none',
      );
      await read(sibling);
      await write(someCredentials(1), ANY_VERSION, store);
      mustEqual(
        (await read(sibling)).credentials,
        someCredentials(1),
        'What the store wrote, read by its sibling',
      );
      await write(someCredentials(2), ANY_VERSION, sibling);
      mustEqual(
        (await read(store)).credentials,
        someCredentials(2),
        'What the sibling wrote, read by the store',
      );
      mustEqual((await read(store)).version, (await read(sibling)).version, 'The version that both see');
    },
  },
  {
    name: 'the content outlives the store object',
    needs: ['survival'],
    async holds({ read, write, reopen }) {
      const { snapshot } = await write(someCredentials(1), ANY_VERSION);
      const later = await read(await reopen());
      mustEqual(later, snapshot, 'What a store opened later reads');
    },
  },
  {
    name: 'unknown fields survive',
    async holds({ read, write, sibling }) {
      const { snapshot } = await write(withStrangers, NO_VERSION);
      mustEqual(snapshot.credentials, withStrangers, 'The credentials a write answers with');
      mustEqual((await read(sibling)).credentials, withStrangers, 'The credentials read');
    },
  },
  {
    name: 'credentials come back frozen',
    async holds({ read, write }) {
      const { snapshot } = await write({ ...withStrangers }, NO_VERSION);
      mustBeFrozen(snapshot.credentials, 'What a write answers with');
      mustBeFrozen((await read()).credentials, 'What is read');
    },
  },
  {
    name: 'a change to the object that was written changes nothing stored',
    async holds({ read, write }) {
      const account = { id: 7 };
      const mine = { ...someCredentials(1), account };
      await write(mine, NO_VERSION);
      mine.access_token = 'another';
      account.id = 8;
      const { credentials } = await read();
      mustEqual(credentials, { ...someCredentials(1), account: { id: 7 } }, 'What was written');
    },
  },
  {
    name: 'a write answers with what a read would find',
    async holds({ read, write }) {
      const { version, credentials } = (await write(someCredentials(1), NO_VERSION)).snapshot;
      const found = await read();
      mustEqual(
        { version, credentials },
        { version: found.version, credentials: found.credentials },
        'Its snapshot',
      );
    },
  },
];
