import { ANY_VERSION, NO_VERSION } from '../../contracts.js';
import type { Credentials } from '../../credentials.js';
import { type Law, someCredentials } from './law.js';
import { must, mustEqual } from './must.js';

const variants: Record<string, Credentials> = {
  'the access token': { ...someCredentials(1), access_token: 'another' },
  'the refresh token': { ...someCredentials(1), refresh_token: 'another' },
  'the expiry': { ...someCredentials(1), expires_at: 0 },
  'the scope': { ...someCredentials(1), scope: 'read' },
  'an unknown field': { ...someCredentials(1), account: 8 },
  'the depth of an unknown field': { ...someCredentials(1), account: { id: [8] } },
};

/** A version names a content. */
export const versionLaws: readonly Law[] = [
  {
    name: 'equal content has an equal version',
    async holds({ write, sibling }) {
      const first = (await write(someCredentials(1), ANY_VERSION)).snapshot.version;
      await write(someCredentials(2), ANY_VERSION);
      const again = (await write(someCredentials(1), ANY_VERSION, sibling)).snapshot.version;
      mustEqual(again, first, 'The version of the same content, written again');
    },
  },
  {
    name: 'any change of the content changes the version',
    async holds({ write }) {
      const versions = new Map([
        [(await write(someCredentials(1), ANY_VERSION)).snapshot.version, 'nothing'],
      ]);
      for (const [what, variant] of Object.entries(variants)) {
        const { version } = (await write(variant, ANY_VERSION)).snapshot;
        must(
          !versions.has(version),
          `A change of ${what} changes the version: it is that of ${versions.get(version)}`,
        );
        versions.set(version, what);
      }
    },
  },
  {
    name: 'a version tells no secret, and is neither of the reserved ones',
    async holds({ write }) {
      const { version } = (await write(someCredentials(1), NO_VERSION)).snapshot;
      const tells = ['access-of-1', 'refresh-of-1'].filter((token) => version.includes(token));
      must(tells.length === 0, 'A version holds no token: this one does');
      must(version !== NO_VERSION && version !== ANY_VERSION, `The version of credentials is not ${version}`);
    },
  },
];
