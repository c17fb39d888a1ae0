import { describe, expect, it } from '@jest/globals';
import { NEVER, takeUntil } from 'rxjs';
import { abortOf } from '../src/abortOf.js';
import { marbles } from './helpers/marbles.js';

/** A signal that counts who listens. */
function listened() {
  const aborting = new AbortController();
  const { signal } = aborting;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...all: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, all);
  };
  signal.removeEventListener = (...all: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, all);
  };
  return { aborting, signal, listeners: () => listeners };
}

describe('abortOf', () => {
  it(
    'errors with the reason of the signal when it aborts',
    marbles(({ scheduler, expectObservable }) => {
      const aborting = new AbortController();
      scheduler.schedule(() => aborting.abort('enough'), 3);
      expectObservable(abortOf(aborting.signal)).toBe('---#', undefined, 'enough');
      expectObservable(abortOf(aborting.signal), '-----^').toBe('-----#', undefined, 'enough');
    }),
  );

  it(
    'never emits while the signal does not abort',
    marbles(({ expectObservable }) => {
      expectObservable(abortOf(new AbortController().signal)).toBe('');
    }),
  );

  it(
    'is empty without a signal',
    marbles(({ expectObservable }) => {
      expectObservable(abortOf(undefined)).toBe('|');
    }),
  );

  it('errors at once, with an AbortError, for a signal that aborted before, and does not listen', () => {
    const { aborting, signal, listeners } = listened();
    aborting.abort();
    const seen: unknown[] = [];
    abortOf(signal).subscribe({ error: (error: unknown) => seen.push(error) });

    expect(seen).toEqual([signal.reason]);
    expect(seen).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    expect(listeners()).toBe(0);
  });

  it('listens once for each subscriber, and no longer when it is left, or over', () => {
    const { aborting, signal, listeners } = listened();
    const aborted$ = abortOf(signal);
    expect(listeners()).toBe(0);
    const [one] = [
      aborted$.subscribe({ error: () => undefined }),
      aborted$.subscribe({ error: () => undefined }),
    ];
    expect(listeners()).toBe(2);
    one.unsubscribe();
    expect(listeners()).toBe(1);
    aborting.abort();
    expect(listeners()).toBe(0);
  });

  it('can be left by what its error sets off', () => {
    const { aborting, signal, listeners } = listened();
    const seen: unknown[] = [];
    const both = NEVER.pipe(takeUntil(abortOf(signal))).subscribe({
      error: (error: unknown) => (seen.push(error), both.unsubscribe()),
    });
    aborting.abort('enough');
    expect(seen).toEqual(['enough']);
    expect(listeners()).toBe(0);
  });
});
