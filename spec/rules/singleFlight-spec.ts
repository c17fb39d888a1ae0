import { describe, expect, it } from '@jest/globals';
import { catchError, concatMap, EMPTY, of, switchMap, take, tap } from 'rxjs';
import { codeOf, diaryOf, outcome } from '../helpers/diary.js';
import { hours, inVirtualTime, minutes, seconds } from '../helpers/inVirtualTime.js';

const slow = { server: { latencyMs: seconds(1) } };

describe('rule 6: proactive, lazy, 401 and forced refreshes share one flight', () => {
  it(
    'a hundred callers of every kind, and the timer, cost one request',
    inVirtualTime(
      ({ manager, server, scheduler, at }) => {
        const served: Promise<unknown>[] = [];
        const tokens = diaryOf(manager.token$, scheduler);
        at(minutes(59), () => {
          for (let n = 0; n < 100; n++) {
            served.push(manager.getValidToken());
            served.push(manager.getValidToken({ minValidityMs: minutes(5) }));
            served.push(manager.getCredentials().then(({ access_token }) => access_token));
            served.push(manager.renew('A1'));
            manager.validToken$.subscribe((token) => served.push(Promise.resolve(token)));
            manager.renewal('A1').subscribe((token) => served.push(Promise.resolve(token)));
          }
        });
        at(minutes(59) + 500, () => served.push(manager.getValidToken(), manager.renew('A1')));
        return async () => {
          expect(server.counters.requests).toBe(1);
          expect(tokens.slice(0, 2)).toEqual([
            [0, 'A1'],
            [minutes(59) + seconds(1), 'A2'],
          ]);
          expect(new Set(await Promise.all(served))).toEqual(new Set(['A2']));
          expect(served).toHaveLength(602);
        };
      },
      { ...slow, untilMs: hours(1) },
    ),
  );

  it(
    'a refresh forced by invalidate() is the same flight too',
    inVirtualTime(
      ({ manager, server, at }) => {
        const served: Promise<unknown>[] = [];
        manager.token$.subscribe();
        at(minutes(10), () => {
          void manager.invalidate();
          void manager.invalidate('A1');
          served.push(manager.getValidToken(), manager.renew('A1'), manager.getValidToken());
        });
        return async () => {
          expect(await Promise.all(served)).toEqual(['A2', 'A2', 'A2']);
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: minutes(30) },
    ),
  );

  it(
    'the first load is shared like the first refresh',
    inVirtualTime(
      ({ manager, server, at }) => {
        const served: Promise<string>[] = [];
        at(hours(2), () => served.push(manager.getValidToken(), manager.getValidToken()));
        at(hours(2), () => manager.validToken$.subscribe((token) => served.push(Promise.resolve(token))));
        return async () => {
          expect(await Promise.all(served)).toEqual(['A2', 'A2', 'A2']);
          expect(server.counters.requests).toBe(1);
        };
      },
      { ...slow, untilMs: hours(3) },
    ),
  );

  it(
    'promise callers share one promise: while the token is valid, and while they wait',
    inVirtualTime(({ manager, at }) => {
      const seen: Promise<string>[][] = [];
      const ask = () => seen.push([manager.getValidToken(), manager.getValidToken()]);
      manager.credentials$.subscribe(); // loads
      at(0, ask);
      at(minutes(10), ask);
      at(minutes(59), ask);
      at(minutes(59) + 500, ask);
      at(minutes(59) + 1_500, ask);
      return async () => {
        for (const [one, other] of seen) expect(one).toBe(other);
        expect(seen[1]![0]).toBe(seen[0]![0]);
        expect(seen[3]![0]).toBe(seen[2]![0]);
        expect(await seen[3]![0]).toBe('A2');
        expect(await seen[4]![0]).toBe('A2');
      };
    }, slow),
  );

  it(
    'neither an old token nor an error is replayed to who comes after a flight',
    inVirtualTime(({ manager, server, expectObservable }) => {
      server.faults.next({ status: 503 });
      const [error, token] = [{ e: 'refresh_unavailable' }, { b: 'A2' }];
      expectObservable(outcome(manager.validToken$), '60m    ^').toBe('60m 1s (e|)', error);
      expectObservable(outcome(manager.validToken$), '60m 5s ^').toBe('60m 6s (b|)', token);
      expectObservable(outcome(manager.validToken$), '60m 7s ^').toBe('60m 7s (b|)', token);
      return () => expect(server.counters.requests).toBe(2);
    }, slow),
  );

  it(
    'a caller that calls back from within an error finds the flight over, and what follows it',
    inVirtualTime(
      ({ manager, server, expectObservable }) => {
        server.faults.next({ status: 503 });
        const twice$ = manager.validToken$.pipe(catchError(() => manager.validToken$));
        expectObservable(twice$, '60m ^').toBe('60m 1s 2s 1s (b|)', { b: 'A2' });
        return () => expect(server.counters.requests).toBe(2);
      },
      { ...slow, manager: { retry: () => seconds(2) } },
    ),
  );

  it(
    'nor does one that calls back from within a token: rejecting it starts another flight',
    inVirtualTime(({ manager, server, expectObservable }) => {
      const another$ = manager.validToken$.pipe(concatMap((token) => manager.renewal(token)));
      expectObservable(another$, '60m ^').toBe('60m 1s 1s (c|)', { c: 'A3' });
      return () => expect(server.counters.requests).toBe(2);
    }, slow),
  );

  it(
    'a flight that everybody has left goes on to its end',
    inVirtualTime(({ manager, server, expectObservable }) => {
      expectObservable(manager.validToken$, '60m ^ 100ms !').toBe('');
      expectObservable(manager.validToken$, '60m 200ms ^ 100ms !').toBe('');
      expectObservable(manager.validToken$, '60m 2s ^').toBe('60m 2s (b|)', { b: 'A2' });
      return () => expect(server.counters.requests).toBe(1);
    }, slow),
  );

  it(
    'who leaves takes nobody along',
    inVirtualTime(({ manager, expectObservable }) => {
      const impatient$ = of(1, 2).pipe(switchMap((n) => (n === 1 ? manager.validToken$ : EMPTY)));
      expectObservable(impatient$, '         60m ^').toBe('60m |');
      expectObservable(manager.validToken$, '60m ^').toBe('60m 1s (b|)', { b: 'A2' });
      expectObservable(manager.token$.pipe(take(1)), '60m ^').toBe('60m 1s (b|)', { b: 'A2' });
    }, slow),
  );

  it(
    'ten thousand callers that fail, fail with one error object: a caller costs no more than its place',
    inVirtualTime(({ manager, server, at }) => {
      server.faults.always({ status: 503 });
      const errors = new Set<unknown>();
      const promises = new Set<Promise<string>>();
      at(hours(2), () => {
        for (let n = 0; n < 10_000; n++) {
          promises.add(manager.getValidToken());
          manager.validToken$.subscribe({ error: (error: unknown) => errors.add(error) });
        }
      });
      return async () => {
        expect(promises.size).toBe(1);
        expect(errors.size).toBe(1);
        for (const promise of promises) expect(await promise.catch(codeOf)).toBe('refresh_unavailable');
      };
    }, slow),
  );

  it(
    'one that starts as another lands is a flight of its own, and is shown as one',
    inVirtualTime(
      ({ manager, scheduler, at }) => {
        const states = diaryOf(manager.state$, scheduler, ({ status }) => status);
        at(minutes(59), () =>
          manager.validToken$.pipe(tap((token) => void manager.renew(token))).subscribe(),
        );
        return () =>
          expect(states).toEqual([
            [0, 'valid'],
            [minutes(59), 'refreshing'],
            [minutes(59) + seconds(2), 'valid'],
          ]);
      },
      { ...slow, untilMs: hours(1) },
    ),
  );
});
