import { fromEvent, map, Observable, scan, startWith, switchMap } from 'rxjs';
import type { Ruling, RulingType } from '../../server/ruling';
import { blankLane, type Lane, type Mark, type MarkType, SERVER } from './lane';

/** As many as the server itself remembers. */
const REMEMBERED = 200;

const types: Readonly<Record<RulingType, MarkType>> = {
  'signed-in': 'issued',
  refreshed: 'issued',
  refused: 'denied',
  reused: 'reused',
  revoked: 'revoked',
};

/** The authorization server's own account of what it did. */
export function serverLane(): Observable<Lane> {
  return eventSource('/ledger').pipe(
    // it begins at the beginning whenever the connection does
    switchMap((source) =>
      fromEvent<MessageEvent<string>>(source, 'message').pipe(
        map(({ data }) => JSON.parse(data) as Ruling),
        map(({ type, ...rest }): Mark => ({ type: types[type], ...rest })),
        scan((marks: readonly Mark[], mark) => [...marks, mark].slice(-REMEMBERED), []),
        startWith([]),
        map((marks) => ({ ...blankLane(SERVER), marks })),
      ),
    ),
  );
}

/** Emits the source each time it is connected. */
function eventSource(url: string): Observable<EventSource> {
  return new Observable((subscriber) => {
    const source = new EventSource(url);
    source.addEventListener('open', () => subscriber.next(source));
    return () => source.close();
  });
}
