import { describe, expect, it } from '@jest/globals';
import { pairFingerprint, tokenFingerprint } from '../src/fingerprint.js';
import { notesOn } from '../src/journal.js';

const held = { access_token: 'A1', refresh_token: 'R1', scope: 'read' };
const pending = { pair: pairFingerprint(held), sentAt: 1, until: 2, by: 'somebody' };
const dead = tokenFingerprint(held);

describe('notesOn', () => {
  it.each([
    ['all that concerns what is held', held, { pending, dead }, { pending, dead: true }],
    [
      'the same, when another tool has touched another field',
      { ...held, scope: 'write' },
      { pending, dead },
      { pending, dead: true },
    ],
    ['nothing, when there is nothing', held, {}, {}],
    ['no journal after a rotation', { access_token: 'A2', refresh_token: 'R2' }, { pending, dead }, {}],
    [
      'no journal after a refresh that kept the refresh token, which is as dead',
      { ...held, access_token: 'A2' },
      { pending, dead },
      { dead: true },
    ],
    ['nothing of nobody', null, { pending, dead }, {}],
  ])('tells %s', (_what, credentials, notes, expected) => {
    expect(notesOn(credentials, notes)).toEqual(expected);
    expect(Object.keys(notesOn(credentials, notes))).toEqual(Object.keys(expected));
  });
});
