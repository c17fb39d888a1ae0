import { Observable, Subject, type Subscription } from 'rxjs';

/** Hears of topics, all over one source. */
export interface Hearing {
  /** Emits when something was said of the topic, or may have been; neither completes nor errors. */
  about(topic: string): Observable<void>;
  /** Says it within this process. */
  tell(topic: string): void;
}

/**
 * Shares `said$`, which emits a topic, or `null` for any, among all who listen to topics: it is subscribed to
 * while there are some. A topic costs what it takes to keep, and no time.
 */
export function createHearing(said$: Observable<string | null>): Hearing {
  const topics = new Map<string, Subject<void>>();
  let hearing: Subscription | undefined;

  function tell(topic: string | null): void {
    if (topic !== null) topics.get(topic)?.next();
    else for (const subject of [...topics.values()]) subject.next();
  }

  return {
    tell,
    about: (topic) =>
      new Observable((subscriber) => {
        const subject = topics.get(topic) ?? new Subject<void>();
        topics.set(topic, subject);
        const listener = subject.subscribe(subscriber);
        hearing ??= said$.subscribe(tell);
        return () => {
          listener.unsubscribe();
          if (!subject.observed) topics.delete(topic);
          if (topics.size > 0) return;
          hearing?.unsubscribe();
          hearing = undefined;
        };
      }),
  };
}
