import { HttpClient, HttpContext } from '@angular/common/http';
import { inject } from '@angular/core';
import {
  catchError,
  connect,
  defer,
  endWith,
  filter,
  from,
  last,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  scan,
  startWith,
  takeUntil,
} from 'rxjs';
import { blankVolley, type Turn, type Volley, volleyAfter } from './volley';
import { Wire } from './wire';
import { REQUEST } from './wireTap';

/** Makes `count` requests at once. Emits how they fare, and completes when the last is settled. Never errors. */
export type Volleys = (count: number) => Observable<Volley>;

export function injectVolleys(): Volleys {
  const http = inject(HttpClient);
  const { attempt$ } = inject(Wire);

  const ask = (request: object, index: number) =>
    http.get(`/api/marbles/${index + 1}`, {
      params: { delay: delayMs(index) },
      context: new HttpContext().set(REQUEST, request),
    });

  return (count) =>
    defer(() => {
      const requests: readonly object[] = Array.from({ length: count }, () => ({}));
      const outcome$ = from(requests).pipe(
        mergeMap((request, index) =>
          ask(request, index).pipe(
            map((): Turn => ({ index, fate: 'answered' })),
            catchError(() => of<Turn>({ index, fate: 'failed' })),
          ),
        ),
      );
      const sending$ = attempt$.pipe(
        filter(
          ({ request, status }) => requests.includes(request) && (status === undefined || status === 401),
        ),
        map(({ request, status }): Turn => ({
          index: requests.indexOf(request),
          fate: status === undefined ? 'sent' : 'unauthorized',
        })),
      );
      return outcome$.pipe(
        connect((settled$) => merge(sending$.pipe(takeUntil(settled$.pipe(last(null, null)))), settled$)),
        endWith<Turn>('over'),
        scan(volleyAfter, blankVolley(count)),
        startWith(blankVolley(count)),
      );
    });
}

/** Some are slower than others, always the same ones. */
const delayMs = (index: number): number => 20 + ((index * 37) % 140);
