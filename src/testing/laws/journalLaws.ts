import { ANY_VERSION, type CredentialStore, type Lease, NO_VERSION, type Snapshot } from '../../contracts.js';
import type { Credentials } from '../../credentials.js';
import { type Bench, type Law, someCredentials } from './law.js';
import { must, mustEqual } from './must.js';

const SENT_AT = 1_900_000_000_000;
const UNTIL = SENT_AT + 30_000;

/** Signs in and gets the lock. */
async function inside(bench: Bench, through: CredentialStore = bench.store) {
  const { snapshot } = await bench.write(someCredentials(1), ANY_VERSION, through);
  const turn = bench.take(through);
  const lease = await turn.entered('A free lock is got');
  return { turn, lease, snapshot };
}

/** Signs in, gets the lock and journals, as a refresh does before it sends. */
async function prepared(bench: Bench) {
  const stage = await inside(bench);
  await prepare(bench, stage.lease, stage.snapshot);
  return stage;
}

async function prepare({ done }: Bench, lease: Lease, { credentials, version }: Snapshot): Promise<void> {
  must(credentials, 'Somebody is signed in');
  await done(lease.prepare(credentials, version, SENT_AT, UNTIL));
}

async function mustBePending({ read }: Bench, through: CredentialStore, when: string): Promise<void> {
  const { pending } = await read(through);
  must(pending, `A read sees the journal ${when}: it sees none`);
  mustEqual([pending.sentAt, pending.until], [SENT_AT, UNTIL], `The instants in the journal ${when}`);
  must(pending.by !== '', 'The journal says who sent');
  const tells = ['access-of-1', 'refresh-of-1'].filter((token) => JSON.stringify(pending).includes(token));
  must(tells.length === 0, 'The journal holds no token: this one does');
}

async function mustNotBePending({ read, store, sibling }: Bench, when: string): Promise<void> {
  for (const through of [store, sibling]) {
    must((await read(through)).pending === undefined, `The journal is void ${when}: a read sees it`);
  }
}

async function mustBeDead({ read, store, sibling }: Bench, dead: boolean, when: string): Promise<void> {
  for (const through of [store, sibling]) {
    mustEqual((await read(through)).dead ?? false, dead, `Whether the refresh token is dead ${when}`);
  }
}

async function condemned(bench: Bench): Promise<Credentials> {
  const { turn, lease, snapshot } = await inside(bench);
  must(snapshot.credentials, 'Somebody is signed in');
  await bench.done(lease.condemn(snapshot.credentials));
  turn.leave();
  return snapshot.credentials;
}

/** The journal and the dead mark: beside the record, and void once the record has moved on. */
export const journalLaws: readonly Law[] = [
  {
    name: 'a later read sees that a refresh token is in use',
    needs: ['journal'],
    async holds(bench) {
      await prepared(bench);
      await mustBePending(bench, bench.store, 'of its own');
      await mustBePending(bench, bench.sibling, 'of a sibling');
    },
  },
  {
    name: 'the journal stands when its writer has gone',
    needs: ['journal'],
    async holds(bench) {
      const { turn } = await prepared(bench);
      turn.abandon();
      const next = bench.take(bench.sibling);
      await next.entered('The next gets in');
      await mustBePending(bench, bench.sibling, 'of who was inside before');
    },
  },
  {
    name: 'the journal outlives the store object',
    needs: ['journal', 'survival'],
    async holds(bench) {
      const { turn } = await prepared(bench);
      turn.leave();
      await mustBePending(bench, await bench.reopen(), 'of a process that has ended');
    },
  },
  {
    name: 'what a lease is asked to do changes neither the record nor its version',
    async holds(bench) {
      const { lease, snapshot } = await prepared(bench);
      const mustBeAsBefore = async (after: string) => {
        const found = await bench.read(bench.sibling);
        mustEqual(found.credentials, someCredentials(1), `The credentials after ${after}`);
        mustEqual(found.version, snapshot.version, `The version after ${after}`);
      };
      await mustBeAsBefore('prepare');
      await bench.done(lease.acquit());
      await mustBeAsBefore('acquit');
      await bench.done(lease.condemn(someCredentials(1)));
      await mustBeAsBefore('condemn');
      must((await bench.write(someCredentials(2), snapshot.version)).written, 'Who read before it can write');
    },
  },
  {
    name: 'a rotation voids the journal without another write',
    needs: ['journal'],
    async holds(bench) {
      const { snapshot } = await prepared(bench);
      await bench.write(someCredentials(2), snapshot.version);
      await mustNotBePending(bench, 'after a rotation');
    },
  },
  {
    name: 'a new access token for the same refresh token voids the journal',
    needs: ['journal'],
    async holds(bench) {
      const { snapshot } = await prepared(bench);
      await bench.write({ ...someCredentials(1), access_token: 'another' }, snapshot.version);
      await mustNotBePending(bench, 'after a refresh that did not rotate');
    },
  },
  {
    name: 'the journal stands while the tokens stay, whatever else is written',
    needs: ['journal'],
    async holds(bench) {
      const { snapshot } = await prepared(bench);
      await bench.write({ ...someCredentials(1), expires_at: 0 }, snapshot.version, bench.sibling);
      await mustBePending(bench, bench.store, 'after the access token was marked as rejected');
    },
  },
  {
    name: 'signing out voids the journal',
    needs: ['journal'],
    async holds(bench) {
      const { snapshot } = await prepared(bench);
      await bench.write(null, snapshot.version, bench.sibling);
      await mustNotBePending(bench, 'after a sign-out');
      await bench.write(someCredentials(3), NO_VERSION);
      await mustNotBePending(bench, 'after the next sign-in');
    },
  },
  {
    name: 'acquitting strikes the journal out',
    needs: ['journal'],
    async holds(bench) {
      const { turn, lease, snapshot } = await prepared(bench);
      await bench.done(lease.acquit());
      await mustNotBePending(bench, 'after it was struck out');
      await prepare(bench, lease, snapshot);
      await mustBePending(bench, bench.sibling, 'written again after it was struck out');
      await bench.done(lease.acquit());
      turn.leave();
      await mustNotBePending(bench, 'after it was struck out and the lock freed');
    },
  },
  {
    name: 'the same tokens, granted again, strike out the journal of who was inside before, too',
    needs: ['journal'],
    async holds(bench) {
      const { turn, snapshot } = await prepared(bench);
      turn.abandon();
      const next = bench.take(bench.sibling);
      const lease = await next.entered('The next gets in');
      await prepare(bench, lease, snapshot);
      await bench.done(lease.acquit(true));
      await mustNotBePending(bench, 'after a grant');
    },
  },
  {
    name: 'a later read sees that a refresh token is dead',
    needs: ['journal'],
    async holds(bench) {
      const held = await condemned(bench);
      await mustBeDead(bench, true, 'after it was condemned');
      mustEqual((await bench.read()).credentials, held, 'The record of a dead refresh token stays');
    },
  },
  {
    name: 'the dead mark outlives the store object',
    needs: ['journal', 'survival'],
    async holds(bench) {
      await condemned(bench);
      const { dead } = await bench.read(await bench.reopen());
      mustEqual(dead ?? false, true, 'Whether the refresh token is dead for a process started later');
    },
  },
  {
    name: 'a refresh token stays dead while it is stored, whatever else is written',
    needs: ['journal'],
    async holds(bench) {
      await condemned(bench);
      const { version } = await bench.read(bench.sibling);
      await bench.write({ ...someCredentials(1), expires_at: 0 }, version, bench.sibling);
      await mustBeDead(bench, true, 'after a write that kept it');
    },
  },
  {
    name: 'a sign-in, which is written whatever is there, revives even a dead refresh token',
    needs: ['journal'],
    async holds(bench) {
      await condemned(bench);
      await bench.write(someCredentials(1), ANY_VERSION, bench.sibling);
      await mustBeDead(bench, false, 'when somebody has signed in with it');
    },
  },
  {
    name: 'another refresh token voids the dead mark',
    needs: ['journal'],
    async holds(bench) {
      await condemned(bench);
      const { version } = await bench.read(bench.sibling);
      await bench.write({ ...someCredentials(1), refresh_token: 'another' }, version, bench.sibling);
      await mustBeDead(bench, false, 'when it is another one');
    },
  },
  {
    name: 'signing out voids the dead mark',
    needs: ['journal'],
    async holds(bench) {
      await condemned(bench);
      await bench.write(null, (await bench.read(bench.store)).version);
      await mustBeDead(bench, false, 'when nobody is signed in');
    },
  },
];
