import { ANY_VERSION, NO_VERSION } from '../../contracts.js';
import { type Bench, type Law, someCredentials } from './law.js';
import { must, mustEqual } from './must.js';

async function isRefused({ read, write }: Bench, generation: number | null, expected: string): Promise<void> {
  const before = await read();
  const next = generation === null ? null : someCredentials(generation);
  const { written, snapshot } = await write(next, expected);
  must(!written, 'A write that expects another version is not written: it was');
  mustEqual(snapshot.credentials, before.credentials, 'What the refused write answers with is what is there');
  mustEqual(snapshot.version, before.version, 'The version that the refused write answers with');
  mustEqual((await read()).credentials, before.credentials, 'What is there after the refused write');
}

/** Compare-and-set. */
export const writeLaws: readonly Law[] = [
  {
    name: 'a write that expects the present version is written',
    async holds({ read, write, sibling }) {
      must(
        (await write(someCredentials(1), NO_VERSION)).written,
        'NO_VERSION is the version of an empty store',
      );
      const { version } = await read(sibling);
      must((await write(someCredentials(2), version)).written, 'The version read is the one to expect');
      mustEqual((await read()).credentials, someCredentials(2), 'What was written');
    },
  },
  {
    name: 'a write that expects another version changes nothing and answers with what is there',
    async holds(bench) {
      const { write } = bench;
      const { version } = (await write(someCredentials(1), NO_VERSION)).snapshot;
      await isRefused(bench, 2, NO_VERSION);
      await write(someCredentials(2), version, bench.sibling);
      await isRefused(bench, 3, version);
      await isRefused(bench, null, version);
      await write(null, ANY_VERSION);
      await isRefused(bench, 3, version);
    },
  },
  {
    name: 'exactly one of many concurrent writers of one version wins',
    async holds({ store, sibling, read, write }) {
      let { version } = await read();
      for (let round = 0; round < 5; round++) {
        const generations = Array.from({ length: 8 }, (_, nth) => round * 8 + nth);
        const results = await Promise.all(
          generations.map((generation) =>
            write(someCredentials(generation), version, generation % 2 ? sibling : store),
          ),
        );
        const winners = results.filter(({ written }) => written);
        must(winners.length === 1, `One of 8 writers of one version wins: ${winners.length} did`);
        const held = await read();
        mustEqual(
          held.credentials,
          winners[0]?.snapshot.credentials,
          'What is there afterwards is what the winner wrote',
        );
        for (const { snapshot } of results)
          mustEqual(snapshot.version, held.version, 'The version all are told');
        version = held.version;
      }
    },
  },
  {
    name: 'ANY_VERSION always writes',
    async holds({ write, sibling }) {
      must((await write(someCredentials(1), ANY_VERSION)).written, 'ANY_VERSION writes into an empty store');
      must(
        (await write(someCredentials(2), ANY_VERSION, sibling)).written,
        'ANY_VERSION replaces what is there',
      );
      must((await write(null, ANY_VERSION)).written, 'ANY_VERSION signs out');
      must((await write(null, ANY_VERSION)).written, 'ANY_VERSION signs out twice');
    },
  },
  {
    name: 'null signs out, and the version is NO_VERSION then',
    async holds({ read, write, sibling }) {
      const { version } = (await write(someCredentials(1), NO_VERSION)).snapshot;
      const { written, snapshot } = await write(null, version);
      must(written, 'null with the present version is written');
      mustEqual([snapshot.credentials, snapshot.version], [null, NO_VERSION], 'What the write answers with');
      const found = await read(sibling);
      mustEqual([found.credentials, found.version], [null, NO_VERSION], 'What is read');
      must((await write(someCredentials(2), NO_VERSION)).written, 'Who signs in again expects NO_VERSION');
    },
  },
  {
    name: 'reads and writes never wait for the lock',
    async holds({ store, sibling, take, read, write }) {
      const turn = take();
      await turn.entered('A free lock is got');
      for (const through of [store, sibling]) {
        await write(someCredentials(1), ANY_VERSION, through);
        mustEqual(
          (await read(through)).credentials,
          someCredentials(1),
          'What is read while the lock is held',
        );
        await write(null, ANY_VERSION, through);
      }
      must(turn.isInside, 'A write leaves the lock with its holder');
    },
  },
];
