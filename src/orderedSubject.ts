import { BehaviorSubject, queueScheduler } from 'rxjs';

/**
 * A `BehaviorSubject` whose value changes at once, and whose announcement waits for the one under way: every
 * subscriber sees the values in order, even when one of them causes the next.
 *
 * (A plain `next` within a `next` reaches the later subscribers newest first, and they end on the old value.
 * `observeOn(queueScheduler)` on each subscriber does not help: the whole `next` has to queue.)
 */
export class OrderedBehaviorSubject<T> extends BehaviorSubject<T> {
  constructor(private latest: T) {
    super(latest);
  }

  override getValue(): T {
    return this.latest;
  }

  override next(value: T): void {
    this.latest = value;
    queueScheduler.schedule(() => super.next(value));
  }
}
