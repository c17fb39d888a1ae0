import { concatMap, defer, ignoreElements, merge, noop, Observable, repeat, retry, timer } from 'rxjs';
import { unrefScheduler } from '../unrefScheduler.js';
import { ANSWER_MS, type PostgresListener, type Untyped } from './pool.js';

/** How often to ask whether the connection is still there: nobody is told when a router forgets it. */
const PING_MS = 30_000;
const MAX_BACKOFF_MS = 500;

/**
 * Emits the payload of each notification on `channel`, and `null` whenever some may have been missed: at
 * first, and after each reconnection. Goes on until unsubscribed; keeps no process alive.
 */
export function listening(open: () => PostgresListener, channel: string): Observable<string | null> {
  return defer(() => {
    const client = open();
    const listen = () => client.query({ text: `LISTEN "${channel}"`, query_timeout: ANSWER_MS });
    return merge(notifications(client, listen), pings(listen));
  }).pipe(
    retry({ delay: (_error, failures) => timer(backoffMs(failures), unrefScheduler), resetOnSuccess: true }),
  );
}

/** Of one connection; errors when that is lost. */
function notifications(client: PostgresListener, listen: () => Promise<unknown>): Observable<string | null> {
  return new Observable((subscriber) => {
    const unref = (): void => (client as Untyped).unref?.();
    const fail = (error?: Error): void => subscriber.error(error ?? new Error('The connection has ended'));
    client.on('error', fail);
    client.on('end', fail);
    client.on('notification', ({ payload }) => subscriber.next(payload ?? null));
    unref();
    client
      .connect()
      .then(() => {
        unref(); // with TLS it is another socket by now
        return listen();
      })
      .then(() => subscriber.next(null), fail);
    return () => void client.end().catch(noop);
  });
}

/** Asks again and again for the same, which changes nothing. */
function pings(listen: () => Promise<unknown>): Observable<never> {
  return defer(() => timer(PING_MS, unrefScheduler)).pipe(concatMap(listen), ignoreElements(), repeat());
}

function backoffMs(failures: number): number {
  return Math.min(25 * 2 ** failures, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
}
