import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';

/** What a test with marbles is handed; `scheduler.now()` is the virtual clock, a frame is a millisecond. */
export type Marbles = Parameters<Parameters<TestScheduler['run']>[0]>[0] & {
  readonly scheduler: TestScheduler;
};

/** Runs a test of operators in virtual time. */
export function marbles(test: (marbles: Marbles) => unknown): () => void {
  return () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run((helpers) => void test({ ...helpers, scheduler }));
  };
}
