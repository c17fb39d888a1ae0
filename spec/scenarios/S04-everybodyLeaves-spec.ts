import { describe, expect, it } from '@jest/globals';
import { EMPTY, of, type Subscription, switchMap, take } from 'rxjs';
import type { TokenManager } from 'rx-token';
import { codeOf, diaryOf } from '../helpers/diary.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { storedIn } from '../helpers/stored.js';

const slow = { server: { latencyMs: seconds(1) } };
const start = hours(2);
const leaving: [string, (manager: TokenManager) => () => void][] = [
  [
    'unsubscribing',
    (manager) => {
      const waits = manager.validToken$.subscribe();
      return () => waits.unsubscribe();
    },
  ],
  [
    'take(1) of token$',
    (manager) => {
      const waits = manager.token$.pipe(take(1)).subscribe();
      return () => waits.unsubscribe();
    },
  ],
  [
    'switchMap',
    (manager) => {
      let leave!: () => void;
      const gone = new Promise<void>((resolve) => (leave = resolve));
      const waits: Subscription = of(0)
        .pipe(switchMap(() => manager.validToken$))
        .subscribe();
      void gone;
      return () => {
        waits.unsubscribe();
        leave();
      };
    },
  ],
  [
    'an AbortSignal',
    (manager) => {
      const leaves = new AbortController();
      manager.getValidToken({ signal: leaves.signal }).catch(codeOf);
      return () => leaves.abort();
    },
  ],
];

describe('S4: the first caller, or everybody, leaves while the refresh is under way', () => {
  it.each(leaving)('by %s: the request goes on, and its answer is persisted and published', (_how, begin) =>
    scenario(
      ({ manager, server, store, scheduler, at }) => {
        let leave: () => void;
        at(start, () => (leave = begin(manager)));
        at(start + 500, () => leave());
        at(start + 1_100, () => {
          expect(storedIn(store)).toMatchObject({ access_token: A(2), refresh_token: R(2) });
          const tokens = diaryOf(manager.token$, scheduler);
          expect(tokens).toEqual([[start + 1_100, A(2)]]);
        });
        return () => expect(server.counters.requests).toBe(1);
      },
      { ...slow, untilMs: start + minutes(10) },
    )(),
  );

  it.each(leaving)('by %s: a second caller gets the answer all the same', (_how, begin) =>
    scenario(
      ({ manager, at, ask, server }) => {
        let leave: () => void, stayed: unknown;
        at(start, () => (leave = begin(manager)));
        at(start + 200, () => (stayed = ask(manager.validToken$)));
        at(start + 500, () => leave());
        return () => {
          expect(stayed).toEqual([[start + 1_000, A(2)]]);
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: start + minutes(10) },
    )(),
  );

  it(
    'a caller that arrives later makes no request',
    scenario(
      ({ manager, at, ask, server }) => {
        at(start, () =>
          manager.validToken$
            .pipe(switchMap(() => EMPTY))
            .subscribe()
            .unsubscribe(),
        );
        let later: unknown;
        at(start + 700, () => (later = ask(manager.validToken$)));
        at(start + 1_500, () => ask(manager.validToken$));
        return () => {
          expect(later).toEqual([[start + 1_000, A(2)]]);
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: start + minutes(10) },
    ),
  );

  it(
    'the aborted caller gets its own AbortError, and only that',
    scenario(
      ({ manager, at }) => {
        const leaves = new AbortController();
        let outcome: Promise<unknown>;
        at(
          start,
          () => (outcome = manager.getValidToken({ signal: leaves.signal }).catch((e: unknown) => e)),
        );
        at(start + 500, () => leaves.abort());
        return async () => expect(await outcome).toBe(leaves.signal.reason);
      },
      { ...slow, untilMs: start + minutes(10) },
    ),
  );

  it(
    'dispose() too lets it finish and be persisted',
    scenario(
      ({ manager, store, server, at }) => {
        at(start, () => manager.getValidToken().catch(codeOf));
        at(start + 500, () => manager.dispose());
        return () => {
          expect(storedIn(store)).toMatchObject({ access_token: A(2), refresh_token: R(2) });
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: start + minutes(10) },
    ),
  );
});
