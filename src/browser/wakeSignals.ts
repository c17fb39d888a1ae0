import { filter, fromEvent, map, merge, NEVER, share, type Observable } from 'rxjs';
import { pageHere, type EventTargetLike, type PageLike } from './platform.js';

/**
 * Emits, each time the page may have slept through something, the name of the event that says so:
 * `visibilitychange` (to visible), `resume`, `pageshow`, `online`, `focus`. Never completes or errors; listens only
 * while it is subscribed to, once for all subscribers. On a server it never emits.
 *
 * @param page default: the window that this runs in
 */
export function wakeSignals(page: PageLike | undefined = pageHere()): Observable<string> {
  if (!page) return NEVER;
  const { document } = page;
  const shown$ = document
    ? merge(
        told(document, 'visibilitychange').pipe(filter(() => document.visibilityState === 'visible')),
        told(document, 'resume'),
      )
    : NEVER; // in a worker
  return merge(shown$, told(page, 'pageshow'), told(page, 'online'), told(page, 'focus')).pipe(share());
}

function told(target: EventTargetLike, type: string): Observable<string> {
  return fromEvent(target, type).pipe(map(() => type));
}
