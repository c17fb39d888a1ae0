import { describe, expect, it } from '@jest/globals';
import { concat, ignoreElements, map, NEVER, of, Subject, throwError, timer, type Observable } from 'rxjs';
import { readConfig } from '../src/config.js';
import type { CredentialLock, Lease } from '../src/contracts.js';
import { LockTimeoutError } from '../src/errors.js';
import { createMutex } from '../src/mutex.js';
import { memoryStore } from '../src/stores/memoryStore.js';
import { underLock } from '../src/underLock.js';
import { marbles, type Marbles } from './helpers/marbles.js';

const SINCE = Date.UTC(2026, 0, 1);
const lease = { signal: new AbortController().signal } as Lease;

/** A lock of this process that is waited for for five frames, and what goes on under it. */
function underTest({ scheduler }: Marbles, given: Partial<CredentialLock> = {}) {
  const inTurn = createMutex();
  const lock: CredentialLock = {
    lossy: false,
    hold: (critical) => inTurn(() => critical(lease)),
    ...given,
  };
  const settings = readConfig({
    refresh: () => NEVER,
    store: { ...memoryStore(), lock },
    lockTimeoutMs: 5,
    scheduler,
  });
  return { lock, under: <T>(critical: (lease: Lease) => Observable<T>) => underLock(settings, critical) };
}

/** What is told of a lock that was not to be had. */
function complaint(given: Partial<CredentialLock>): unknown {
  let told: unknown;
  marbles((tools) => {
    const { under } = underTest(tools, { hold: () => NEVER, ...given });
    under(() => NEVER).subscribe({ error: (error: unknown) => (told = error) });
  })();
  return told;
}

const broken = (): never => {
  throw new RangeError('broken');
};

describe('underLock', () => {
  it(
    'emits null when it is inside, then what is done there, and completes with it',
    marbles((tools) => {
      const critical = tools.cold('--a-b|');
      const { under } = underTest(tools);
      tools.expectObservable(under(() => critical)).toBe('n-a-b|', { n: null, a: 'a', b: 'b' });
      tools.expectSubscriptions(critical.subscriptions).toBe('^----!');
    }),
  );

  it(
    'passes on the error of what is done there',
    marbles((tools) => {
      const { under } = underTest(tools);
      tools.expectObservable(under(() => tools.cold('--#'))).toBe('n-#', { n: null });
    }),
  );

  it(
    'is cold: it asks for the lock when it is subscribed to, once for each subscriber',
    marbles((tools) => {
      const critical = tools.cold('-a|');
      const held$ = underTest(tools).under(() => critical);
      tools.expectObservable(held$, '--^').toBe('     --na|', { n: null, a: 'a' });
      tools.expectObservable(held$, '------^').toBe(' ------na|', { n: null, a: 'a' });
      tools.expectSubscriptions(critical.subscriptions).toBe(['--^-!', '------^-!']);
    }),
  );

  it('is synchronous where the lock is free', () => {
    const seen: unknown[] = [];
    marbles((tools) => {
      underTest(tools)
        .under((held) => of(held))
        .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('end') });
      expect(seen).toEqual([null, expect.objectContaining({ signal: lease.signal }), 'end']);
    })();
  });

  it(
    'waits while somebody else is inside, and does nothing before',
    marbles((tools) => {
      const critical = tools.cold('   -a|');
      const { lock, under } = underTest(tools);
      lock.hold(() => tools.cold('    ---|')).subscribe();
      tools.expectObservable(under(() => critical)).toBe('---na|', { n: null, a: 'a' });
      tools.expectSubscriptions(critical.subscriptions).toBe('---^-!');
    }),
  );

  it(
    'has its own time when it is inside, however long that takes and however late it got in',
    marbles((tools) => {
      const { lock, under } = underTest(tools);
      lock.hold(() => tools.cold('                 ----|')).subscribe();
      tools.expectObservable(under(() => tools.cold('-------a|'))).toBe('----n------a|', {
        n: null,
        a: 'a',
      });
    }),
  );

  it(
    'completes when the lock has come free again, and not before',
    marbles((tools) => {
      const { under } = underTest(tools, {
        hold: (critical) => concat(critical(lease), timer(3, tools.scheduler).pipe(ignoreElements())),
      });
      tools.expectObservable(under(() => tools.cold('-a|'))).toBe('na---|', { n: null, a: 'a' });
    }),
  );

  it(
    'gives up after lockTimeoutMs, leaves the queue, and never gets in',
    marbles((tools) => {
      const critical = tools.cold('-a|');
      const holds = new Subject<never>();
      const { lock, under } = underTest(tools);
      lock.hold(() => holds).subscribe();
      tools
        .expectObservable(under(() => critical))
        .toBe('-----#', undefined, expect.objectContaining({ code: 'lock_timeout' }));
      tools.scheduler.schedule(() => holds.complete(), 7);
      tools.expectSubscriptions(critical.subscriptions).toBe([]);
    }),
  );

  it(
    'gives up when it is left, outside as well as inside',
    marbles((tools) => {
      const [inside, waiting, next] = [tools.cold('-a-----'), tools.cold('-b|'), tools.cold('-c|')];
      const { under } = underTest(tools);
      tools
        .expectObservable(
          under(() => inside),
          '---!',
        )
        .toBe('na-', { n: null, a: 'a' });
      tools
        .expectObservable(
          under(() => waiting),
          '--!',
        )
        .toBe('');
      tools.expectObservable(under(() => next)).toBe('---nc|', { n: null, c: 'c' });
      tools.expectSubscriptions(inside.subscriptions).toBe('^--!');
      tools.expectSubscriptions(waiting.subscriptions).toBe([]);
    }),
  );

  it(
    'leaves no timer behind when it is inside',
    marbles((tools) => {
      underTest(tools)
        .under(() => NEVER)
        .subscribe();
      expect(tools.scheduler.actions.filter(({ closed }) => !closed)).toEqual([]);
    }),
  );

  it('passes on what a lock fails with', () => {
    const failed = new Error('EIO');
    const seen: unknown[] = [];
    marbles((tools) => {
      underTest(tools, { hold: () => throwError(() => failed) })
        .under(() => NEVER)
        .subscribe({ error: (error: unknown) => seen.push(error) });
    })();
    expect(seen).toEqual([failed]);
  });

  describe('who gave up is told', () => {
    it('who has held the lock, and since when', () => {
      const told = complaint({ holder: () => of({ by: 'a tab', since: SINCE }) });
      expect(told).toBeInstanceOf(LockTimeoutError);
      expect((told as Error).message).toBe(
        'The refresh lock was held by a tab since 2026-01-01T00:00:00.000Z',
      );
    });

    it(
      'when the holder is known, for that may take a moment',
      marbles((tools) => {
        const holder = () => timer(2, tools.scheduler).pipe(map(() => ({ by: 'a tab', since: SINCE })));
        tools
          .expectObservable(underTest(tools, { hold: () => NEVER, holder }).under(() => NEVER))
          .toBe('-------#', undefined, expect.objectContaining({ code: 'lock_timeout' }));
      }),
    );

    it('nothing of it where the lock cannot tell', () => {
      expect((complaint({}) as Error).message).toBe('The refresh lock was held');
    });

    it.each<[string, NonNullable<CredentialLock['holder']>]>([
      ['nobody', () => of(null)],
      ['an instant that is none', () => of({ by: 'a tab', since: 1e300 })],
      ['no instant', () => of({ by: 'a tab' } as never)],
      ['an error', () => throwError(() => new Error('EIO'))],
      ['nothing that can be subscribed to', () => 7 as never],
      ['an exception', broken],
    ])('the same where it tells %s', (_what, holder) => {
      const told = complaint({ holder });
      expect(told).toBeInstanceOf(LockTimeoutError);
      expect((told as Error).message).toBe('The refresh lock was held');
    });
  });
});
