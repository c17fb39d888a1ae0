import { describe, expect, it } from '@jest/globals';
import { BehaviorSubject, distinctUntilChanged, map } from 'rxjs';
import { OrderedBehaviorSubject } from '../src/orderedSubject.js';

/** Three subscribers, the middle one of which causes the next values; what each of them saw. */
function reentrant(subject: BehaviorSubject<number>, until: number): number[][] {
  const seen: number[][] = [[], [], []];
  seen.forEach((values, nth) => {
    subject.subscribe((value) => {
      values.push(value);
      if (nth === 1 && value > 0 && value < until) subject.next(value + 1);
    });
  });
  subject.next(1);
  return seen;
}

describe('OrderedBehaviorSubject', () => {
  it('tells everybody all values in order, even when one of them causes the next', () => {
    const all = [0, 1, 2, 3, 4];
    expect(reentrant(new OrderedBehaviorSubject(0), 4)).toEqual([all, all, all]);
    // What it is for:
    expect(reentrant(new BehaviorSubject(0), 4)).not.toEqual([all, all, all]);
  });

  it('has its new value at once, whatever is still to be told', () => {
    const subject = new OrderedBehaviorSubject('a');
    const values: string[] = [];
    subject.subscribe((value) => {
      if (value !== 'b') return;
      subject.next('c');
      values.push(subject.getValue(), subject.value);
    });
    subject.next('b');
    expect(values).toEqual(['c', 'c']);
    expect(subject.getValue()).toBe('c');
  });

  it('tells a new subscriber the present value, and those that are still to come, once each', () => {
    const subject = new OrderedBehaviorSubject(0);
    const late: number[] = [];
    const comeLate = () => subject.subscribe((told) => late.push(told));
    subject.subscribe((value) => {
      if (value !== 1) return;
      subject.next(2);
      comeLate();
    });
    subject.next(1);
    expect(late).toEqual([1, 2]);
  });

  it('tells synchronously', () => {
    const subject = new OrderedBehaviorSubject('a');
    const seen: string[] = [];
    subject.subscribe((value) => seen.push(value));
    expect(seen).toEqual(['a']);
    subject.next('b');
    expect(seen).toEqual(['a', 'b']);
  });

  it('does not tell who has left in the meantime', () => {
    const subject = new OrderedBehaviorSubject(0);
    const seen: number[] = [];
    subject.subscribe((value) => {
      if (value !== 1) return;
      subject.next(2);
      leaving.unsubscribe();
    });
    const leaving = subject.subscribe((value) => seen.push(value));
    subject.next(1);
    expect(seen).toEqual([0]);
  });

  it('keeps the order across subjects and what is derived from them', () => {
    const one = new OrderedBehaviorSubject(0);
    const other = new OrderedBehaviorSubject(0);
    const seen: string[] = [];
    one
      .pipe(
        map((value) => value > 1),
        distinctUntilChanged(),
      )
      .subscribe((isBig) => other.next(isBig ? 10 : 5));
    one.subscribe((value) => seen.push(`one ${value}`));
    other.subscribe((value) => seen.push(`other ${value}`));
    one.next(2);
    expect(seen).toEqual(['one 0', 'other 5', 'one 2', 'other 10']);
  });

  it('completes for everybody', () => {
    const subject = new OrderedBehaviorSubject(0);
    const ended: string[] = [];
    subject.subscribe({ complete: () => ended.push('now') });
    subject.complete();
    subject.subscribe({ complete: () => ended.push('later') });
    expect(ended).toEqual(['now', 'later']);
  });
});
