import { Observable } from 'rxjs';

/** Emits the inner width of an element, in px, and whenever it changes. Never completes. */
export function widthOf(element: Element): Observable<number> {
  return new Observable((subscriber) => {
    const observer = new ResizeObserver(([entry]) => entry && subscriber.next(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  });
}
