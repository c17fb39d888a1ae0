import { describe, expect, it } from '@jest/globals';
import { asyncScheduler, BehaviorSubject, defer, EMPTY, of, Subject, tap, type Observable } from 'rxjs';
import type { Held } from '../src/held.js';
import { siblings } from '../src/siblings.js';
import { marbles, type Marbles } from './helpers/marbles.js';

/** What is held: `r` while a refresh is under way, `i` when it is not. */
function heldAs(marble: string, { hot }: Marbles): BehaviorSubject<Held> {
  const held$ = new BehaviorSubject<Held>({});
  hot(marble, { r: { refreshing: true }, i: { refreshing: false } }).subscribe((held) => held$.next(held));
  return held$;
}

describe('siblings', () => {
  it(
    're-reads for each hint, and emits nothing',
    marbles(({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const changes = hot('  -x-----x--|');
      const run = '          ^---------!';
      const reread = cold('   --s|');
      const rereads = ['     -^--!', '-------^--!'];
      const expected = '     ----------|';

      expectObservable(siblings(changes, of({}), reread, scheduler)).toBe(expected);
      expectSubscriptions(changes.subscriptions).toBe(run);
      expectSubscriptions(reread.subscriptions).toBe(rereads.map((marble) => marble.trim()));
    }),
  );

  it(
    'ignores hints while a refresh is under way, and answers them all by one re-read when it is over',
    marbles((tools) => {
      const changes = tools.hot('-x-x-x-----x');
      const held$ = heldAs('     r------i----', tools);
      const reread = tools.cold('       -s|');
      const rereads = ['         -------^-!', '-----------^-!'];

      tools.expectObservable(siblings(changes, held$, reread, tools.scheduler)).toBe('------------');
      tools.expectSubscriptions(reread.subscriptions).toBe(rereads.map((marble) => marble.trim()));
    }),
  );

  it(
    'lets those who waited for the refresh come first',
    marbles(({ hot, scheduler }) => {
      const order: string[] = [];
      const held$ = new BehaviorSubject<Held>({ refreshing: true });
      const reread$ = defer(() => (order.push('re-read'), EMPTY));
      siblings(hot('-x'), held$, reread$, scheduler).subscribe();
      scheduler.schedule(() => {
        held$.next({});
        order.push('told');
      }, 3);
      scheduler.flush();
      expect(order).toEqual(['told', 're-read']);
    }),
  );

  it(
    'waits for the end of a refresh that begins as the last one ends, too',
    marbles((tools) => {
      const changes = tools.hot('-x--------');
      const held$ = heldAs('     r--(ir)--i', tools);
      const reread = tools.cold('         s|');
      tools.expectObservable(siblings(changes, held$, reread, tools.scheduler)).toBe('----------');
      tools.expectSubscriptions(reread.subscriptions).toBe('---------^!');
    }),
  );

  it(
    're-reads once more for a hint that comes during a re-read',
    marbles(({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const changes = hot('  -x-x----');
      const reread = cold('   ---s|');
      const rereads = ['     -^-!', '---^---!'];
      expectObservable(siblings(changes, of({}), reread, scheduler)).toBe('--------');
      expectSubscriptions(reread.subscriptions).toBe(rereads);
    }),
  );

  it(
    'goes on after a re-read that failed',
    marbles(({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const changes = hot('  -x---x--');
      const reread = cold('   --#');
      expectObservable(siblings(changes, of({}), reread, scheduler)).toBe('--------');
      expectSubscriptions(reread.subscriptions).toBe(['-^-!', '-----^-!']);
    }),
  );

  it(
    'hears nothing any more, and says nothing of it, when the hints fail',
    marbles(({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reread = cold('  --s|');
      expectObservable(siblings(hot('-x-#'), of({}), reread, scheduler)).toBe('----|');
      expectSubscriptions(reread.subscriptions).toBe('-^--!');
    }),
  );

  it.each([
    ['never come', '------', '------'],
    ['end', '       ---|', '  ---|'],
  ])('reads nothing when hints %s', (_what, marble, expected) =>
    marbles(({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reread = cold('--s|');
      expectObservable(siblings(hot(marble.trim()), of({}), reread, scheduler)).toBe(expected.trim());
      expectSubscriptions(reread.subscriptions).toBe([]);
    })(),
  );

  it(
    'leaves the hints and the re-read when it is left, and forgets what it had to answer',
    marbles((tools) => {
      const { hot, cold, expectObservable, expectSubscriptions } = tools;
      const changes = hot('  -x---x---');
      const held$ = heldAs(' i---r--i-', tools);
      const reread = cold('   -------s|');
      const leave = '        ------!  ';
      expectObservable(siblings(changes, held$, reread, tools.scheduler), leave).toBe('');
      expectSubscriptions(changes.subscriptions).toBe('^-----!');
      expectSubscriptions(reread.subscriptions).toBe('-^----!');
    }),
  );

  it('is synchronous when all else is: a hint at once, and a re-read at once', () => {
    let rereads = 0;
    siblings(
      of('hint', 'hint'),
      of({}),
      defer(() => of(++rereads)),
      asyncScheduler,
    ).subscribe();
    expect(rereads).toBe(2);
  });

  it('answers a hint that its own re-read has caused', () => {
    const changes$ = new Subject<void>();
    let rereads = 0;
    const reread$: Observable<unknown> = defer(() => of(++rereads)).pipe(
      tap((count) => {
        if (count < 3) changes$.next();
      }),
    );
    siblings(changes$, of({}), reread$, asyncScheduler).subscribe();
    changes$.next();
    expect(rereads).toBe(3);
  });
});
