import { ANY_VERSION } from '../../contracts.js';
import { type Law, someCredentials } from './law.js';
import { must } from './must.js';

/** How long the right to refresh lasts. */
export const leaseLaws: readonly Law[] = [
  {
    name: 'a lease lasts as long as the lock says',
    async holds({ store, take, quiet }) {
      const { lossy, leaseMs } = store.lock;
      const turn = take();
      const lease = await turn.entered('A free lock is got');
      const hasLapsed = () => lease.signal.aborted;
      must(!hasLapsed(), 'A new lease has not lapsed');
      const remaining = lease.remainingMs();
      if (!lossy) {
        must(remaining === Infinity, `A lock that is not lossy lasts for ever: ${remaining} ms remain`);
      } else {
        must(leaseMs !== undefined && leaseMs > 0, 'A lossy lock says how long a lease lasts (leaseMs)');
        must(remaining > 0 && remaining <= leaseMs, `Of a lease of ${leaseMs} ms, ${remaining} ms remain`);
      }
      await quiet();
      must(!hasLapsed() && turn.isInside, 'A lease that is not disturbed does not lapse');
    },
  },
  {
    name: 'a lease says that it lapses before anybody else gets in',
    needs: ['lapsing'],
    async holds({ store, sibling, take, lapse, read, write }) {
      const holder = take(store);
      const lease = await holder.entered('A free lock is got');
      const { version } = await read(store);
      const next = take(sibling);
      const order: string[] = [];
      lease.signal.addEventListener('abort', () => order.push('lapsed'));
      const nextIn = next
        .entered('The next gets in when the lease has lapsed')
        .then(() => order.push('next'));
      await Promise.all([lapse(), nextIn]);
      must(
        order[0] === 'lapsed',
        'The signal of a lease aborts before it can lapse: somebody else got in first',
      );
      must(lease.remainingMs() <= 0, `Nothing remains of a lapsed lease: ${lease.remainingMs()} ms`);
      await write(someCredentials(2), ANY_VERSION, sibling);
      const { written } = await write(someCredentials(1), version, store);
      must(!written, 'Who was paused beyond its lease is fenced off by the version: it could write');
    },
  },
];
