import { type Observable, Subscription } from 'rxjs';
import { ANY_VERSION, type CredentialStore } from '../../contracts.js';
import { type Bench, type Law, someCredentials } from './law.js';
import { must } from './must.js';

/** Writes until it is heard, for a hint may be dropped, but not all of them. */
async function mustBeHeard(
  bench: Bench,
  writer: CredentialStore,
  changes$: Observable<unknown>,
): Promise<void> {
  let heard = false;
  const listening = changes$.subscribe(() => (heard = true));
  const writeUntilHeard = async () => {
    for (let generation = 1; !heard && !listening.closed; generation++) {
      await bench.write(someCredentials(generation), ANY_VERSION, writer);
      await bench.quiet();
    }
    must(heard, 'A listener gets a hint: changes$ ended before');
  };
  const hint = bench.within(writeUntilHeard(), 'A listener gets a hint of what others write');
  await hint.finally(() => listening.unsubscribe());
}

/** Hints. */
export const hearingLaws: readonly Law[] = [
  {
    name: 'changes$ hints at what a sibling writes',
    needs: ['hearing'],
    async holds(bench) {
      const { store, sibling } = bench;
      await mustBeHeard(bench, sibling, store.changes$);
      await mustBeHeard(bench, store, sibling.changes$);
    },
  },
  {
    name: 'changes$ neither errors nor completes, whatever is written and whoever listens',
    async holds({ store, sibling, write, quiet }) {
      let ended: string | undefined;
      const listen = (to: CredentialStore) =>
        to.changes$.subscribe({ error: () => (ended = 'errored'), complete: () => (ended = 'completed') });
      const listeners = new Subscription();
      for (const to of [store, sibling, store]) listeners.add(listen(to));
      listen(store).unsubscribe();
      for (const next of [someCredentials(1), someCredentials(2), null]) {
        await write(next, ANY_VERSION, sibling);
        await quiet();
      }
      listeners.unsubscribe();
      must(ended === undefined, `changes$ goes on: it ${ended}`);
    },
  },
  {
    name: 'what breaks while someone listens never escapes from changes$, which hints again afterwards',
    needs: ['disturbance'],
    async holds(bench) {
      const { store, sibling, disturb, write, quiet } = bench;
      await write(someCredentials(1), ANY_VERSION);
      let ended: string | undefined;
      const listener = store.changes$.subscribe({
        error: () => (ended = 'errored'),
        complete: () => (ended = 'completed'),
      });
      try {
        const repair = await disturb();
        await quiet();
        await repair();
        must(ended === undefined, `changes$ goes on: it ${ended}`);
        await mustBeHeard(bench, sibling, store.changes$);
      } finally {
        listener.unsubscribe();
      }
    },
  },
];
