import {
  EMPTY,
  filter,
  fromEvent,
  map,
  merge,
  type Observable,
  scan,
  startWith,
  switchMap,
  timer,
} from 'rxjs';
import type { TokenEvent, TokenManager } from 'rx-token';
import type { Attempted } from '../requests/wire';
import { developed } from './developed';
import type { Happening } from './happening';
import { blankLane, type Lane, type MarkType } from './lane';
import { toMark } from './toMark';

/** What this tab lives through. */
export function ownLane(
  { credentials$ }: Pick<TokenManager, 'credentials$'>,
  event$: Observable<TokenEvent>,
  attempt$: Observable<Attempted>,
): Observable<Lane> {
  // only these two numbers leave the credentials
  const life$ = credentials$.pipe(
    map((held) => {
      const from = Date.now();
      const { expires_at: expiresAt = 0, expires_in } = held ?? {};
      if (expiresAt <= from) return undefined;
      return { from, expiresAt, issuedAt: expiresAt - Number(expires_in) * 1000 };
    }),
  );
  const expired$ = life$.pipe(
    switchMap((life) => (life ? timer(new Date(life.expiresAt)) : EMPTY)),
    map(() => marked('expired')),
  );
  const unauthorized$ = attempt$.pipe(
    filter(({ status }) => status === 401),
    map(() => marked('unauthorized')),
  );
  const happening$ = merge(
    event$.pipe(
      map(toMark),
      filter((type) => type !== undefined),
      map(marked),
    ),
    life$.pipe(map((life): Happening => ({ type: 'life', at: life?.from ?? Date.now(), life }))),
    expired$,
    unauthorized$,
    attempt$.pipe(map(({ request: _, ...attempt }): Happening => ({ type: 'attempt', attempt }))),
    fromEvent(window, 'pagehide').pipe(map((): Happening => ({ type: 'closed', at: Date.now() }))),
    fromEvent(window, 'pageshow').pipe(map((): Happening => ({ type: 'closed', at: undefined }))),
  );
  return happening$.pipe(scan(developed, blank), startWith(blank));
}

/** Which tab this is turns out later. */
const blank = blankLane(NaN);

const marked = (type: MarkType): Happening => ({ type: 'mark', mark: { type, at: Date.now() } });
