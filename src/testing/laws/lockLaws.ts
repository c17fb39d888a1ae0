import { concat, lastValueFrom, type Observable, of, throwError, toArray } from 'rxjs';
import { ANY_VERSION } from '../../contracts.js';
import { type Bench, type Law, someCredentials } from './law.js';
import { must, mustEqual } from './must.js';

const range = (length: number) => Array.from({ length }, (_, nth) => nth);

async function isFree({ take, store, sibling }: Bench, after: string): Promise<void> {
  for (const through of [sibling, store]) {
    const turn = take(through);
    await turn.entered(`The lock is free ${after}`);
    turn.leave();
  }
}

/** The lock: one at a time, and nobody kept out by somebody who is gone. */
export const lockLaws: readonly Law[] = [
  {
    name: 'never two are inside at once',
    async holds({ store, sibling, take, quiet }) {
      const turns = range(5).map((nth) => take(nth % 2 ? sibling : store));
      const left = new Set<(typeof turns)[number]>();
      const mustBeAlone = () => {
        const inside = turns.filter(({ isInside }) => isInside).length;
        must(inside <= 1, `One is inside at a time: ${inside} were`);
      };
      const stay = async (turn: (typeof turns)[number]) => {
        await turn.entered('Everyone who waits gets in');
        mustBeAlone();
        await quiet();
        mustBeAlone();
        left.add(turn);
        turn.leave();
      };
      await Promise.all(turns.map(stay));
      must(left.size === turns.length, 'Everyone was inside');
    },
  },
  {
    name: 'a read after getting the lock sees every earlier write',
    async holds({ store, sibling, take, read, write, within }) {
      const count = async (nth: number) => {
        const through = nth % 2 ? sibling : store;
        const turn = take(through);
        await turn.entered('Everyone who waits gets in');
        const { credentials, version } = await read(through);
        const counted = Number(credentials?.counted ?? 0) + 1;
        const { written } = await write({ ...someCredentials(1), counted }, version, through);
        must(written, 'What was read under the lock is still there, for nobody else writes');
        turn.leave();
      };
      await within(Promise.all(range(6).map(count)), 'Six turns end');
      mustEqual((await read()).credentials?.counted, 6, 'Six turns that each added one');
    },
  },
  {
    name: 'the lock is freed when the critical section completes',
    async holds(bench) {
      const turn = bench.take();
      await turn.entered('A free lock is got');
      turn.leave();
      await isFree(bench, 'after its holder completed');
    },
  },
  {
    name: 'the lock is freed when the critical section errors',
    async holds(bench) {
      const turn = bench.take();
      await turn.entered('A free lock is got');
      turn.fail(new Error('Not today'));
      await isFree(bench, 'after its holder failed');
    },
  },
  {
    name: 'the lock is freed when the critical section throws before there is anything to subscribe to',
    async holds(bench) {
      const mishap = new Error('Not today');
      const thrown = bench.store.lock.hold((): Observable<never> => {
        throw mishap;
      });
      const caught = await bench.within(
        lastValueFrom(thrown).catch((error: unknown) => error),
        'hold() errors',
      );
      must(caught === mishap, 'hold() errors with what the critical section threw');
      await isFree(bench, 'after the critical section threw');
    },
  },
  {
    name: 'the lock is freed when its holder unsubscribes',
    async holds(bench) {
      const turn = bench.take();
      await turn.entered('A free lock is got');
      turn.abandon();
      await isFree(bench, 'after its holder unsubscribed');
    },
  },
  {
    name: 'unsubscribing while waiting leaves no ghost waiter',
    async holds(bench) {
      const { store, sibling, take, quiet } = bench;
      const holder = take();
      await holder.entered('A free lock is got');
      const waiting = [store, sibling].map(take);
      await quiet();
      const hasty = [store, sibling].map(take);
      for (const waiter of [...waiting, ...hasty]) waiter.abandon();
      holder.leave();
      await isFree(bench, 'although someone had waited and left');
      const entered = [...waiting, ...hasty].filter(({ isInside }) => isInside);
      must(entered.length === 0, 'Who has left is not let in');
    },
  },
  {
    name: 'the third does not get in when the second gives up',
    async holds({ store, sibling, take, quiet }) {
      for (const [second, third] of [
        [store, sibling],
        [sibling, store],
        [store, store],
      ] as const) {
        const holder = take();
        await holder.entered('A free lock is got');
        const givesUp = take(second);
        const waits = take(third);
        await quiet();
        givesUp.abandon();
        await quiet();
        must(!waits.isInside, 'The third waits on while the first is inside: it got in');
        must(holder.isInside, 'The first is still inside');
        holder.leave();
        await waits.entered('The third gets in when the first has left');
        waits.leave();
      }
    },
  },
  {
    name: 'hold does nothing until it is subscribed to, and takes a turn for each subscription',
    async holds({ store, within, quiet }) {
      let turns = 0;
      const held$ = store.lock.hold(() => of(++turns));
      await quiet();
      must(turns === 0, 'Nothing happens before anyone subscribes');
      const both = within(
        lastValueFrom(concat(held$, held$).pipe(toArray())),
        'Two turns, one after the other, end',
      );
      mustEqual(await both, [1, 2], 'What two subscriptions get');
    },
  },
  {
    name: 'hold emits what the critical section emits, and ends as it ends',
    async holds({ store, within }) {
      const emitted = await within(
        lastValueFrom(store.lock.hold(() => of(1, 2, 3)).pipe(toArray())),
        'hold() completes',
      );
      mustEqual(emitted, [1, 2, 3], 'What hold() emits');
      const mishap = new Error('Not today');
      const failed = lastValueFrom(store.lock.hold(() => throwError(() => mishap)));
      const caught = await within(
        failed.catch((error: unknown) => error),
        'hold() errors',
      );
      must(caught === mishap, 'hold() errors with what the critical section errored with');
    },
  },
  {
    name: 'a free lock starts at once',
    needs: ['synchronousLock'],
    async holds({ take, quiet }) {
      const turn = take();
      must(turn.isInside, 'hold() starts before subscribe() returns: it did not');
      turn.leave();
      await quiet();
      must(take().isInside, 'hold() starts before subscribe() returns, the next time too: it did not');
    },
  },
  {
    name: 'what the holder writes can be read by the next one inside',
    async holds({ sibling, take, read, write }) {
      const holder = take();
      await holder.entered('A free lock is got');
      const next = take(sibling);
      await write(someCredentials(5), ANY_VERSION);
      holder.leave();
      await next.entered('The next gets in');
      mustEqual((await read(sibling)).credentials, someCredentials(5), 'What the next one reads');
    },
  },
];
