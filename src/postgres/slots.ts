import { Observable } from 'rxjs';

/**
 * So many places, first come, first served. Emits once what gives the place back, and completes; who
 * unsubscribes while waiting leaves the queue.
 */
export function createSlots(count: number): Observable<() => void> {
  const waiting = new Set<() => void>();
  let free = count;

  function next(): void {
    for (const first of waiting) {
      if (free === 0) return;
      free--;
      waiting.delete(first);
      first();
    }
  }

  return new Observable((subscriber) => {
    const enter = (): void => {
      let isIn = true;
      subscriber.next(() => {
        if (!isIn) return;
        isIn = false;
        free++;
        next();
      });
      subscriber.complete();
    };
    waiting.add(enter);
    next();
    return () => waiting.delete(enter);
  });
}
