import { describe, expect, it } from '@jest/globals';
import { concat, defer, firstValueFrom, map, NEVER, of, throwError, timer, type Observable } from 'rxjs';
import { withToken } from 'rx-token';
import { codeOf, outcome } from './helpers/diary.js';
import { hours, inVirtualTime, minutes, seconds } from './helpers/inVirtualTime.js';

interface Answer {
  readonly status: number;
  readonly by?: string;
  readonly headers?: Headers;
}

const refusedWith = (error: string): Answer => ({
  status: 401,
  headers: new Headers({ 'www-authenticate': `Bearer error="${error}"` }),
});

/** A server that knows these tokens, takes 100 ms, and tells refusals as answers or as errors. */
function api(valid: readonly string[], { throws = false, refusal = { status: 401 } } = {}) {
  const sent: string[] = [];
  const send = (token: string): Observable<Answer> =>
    defer(() => {
      sent.push(token);
      const answer = valid.includes(token) ? { status: 200, by: token } : refusal;
      return timer(100).pipe(
        map(() => {
          if (throws && answer.status !== 200) throw Object.assign(new Error('HTTP 401'), answer);
          return answer;
        }),
      );
    });
  return { sent, send };
}

const slow = { server: { latencyMs: seconds(1) }, untilMs: hours(3) };

describe('withToken', () => {
  it('takes a token, sends, and passes on what is answered', () =>
    inVirtualTime(({ manager, server, expectObservable }) => {
      const { sent, send } = api(['A1']);
      const answer$ = withToken(manager, send).pipe(map(({ by }) => by));
      expectObservable(answer$, '10m ^').toBe('10m 100ms (a|)', { a: 'A1' });
      return () => {
        expect(sent).toEqual(['A1']);
        expect(server.counters.requests).toBe(0);
      };
    }, slow)());

  it('is cold, and waits for a refresh where one is needed', () =>
    inVirtualTime(({ manager, expectObservable }) => {
      const { sent, send } = api(['A2']);
      const answer$ = withToken(manager, send).pipe(map(({ by }) => by));
      expect(sent).toEqual([]);
      expectObservable(answer$, '120m ^').toBe('120m 1100ms (a|)', { a: 'A2' });
    }, slow)());

  it.each([
    ['an answer', false],
    ['an error', true],
  ])('renews and sends once more when it is refused by %s', (_kind, throws) =>
    inVirtualTime(({ manager, server, expectObservable }) => {
      const { sent, send } = api(['A2'], { throws });
      const answer$ = withToken(manager, send).pipe(map(({ by }) => by));
      expectObservable(answer$, '10m ^').toBe('10m 1200ms (a|)', { a: 'A2' });
      return () => {
        expect(sent).toEqual(['A1', 'A2']);
        expect(server.counters.requests).toBe(1);
      };
    }, slow)(),
  );

  it('shares one refresh among all who are refused at once', () =>
    inVirtualTime(({ manager, server, at }) => {
      const { sent, send } = api(['A2']);
      const served: (string | undefined)[] = [];
      at(minutes(10), () => {
        for (let n = 0; n < 50; n++) withToken(manager, send).subscribe(({ by }) => served.push(by));
      });
      return () => {
        expect(served).toEqual(Array(50).fill('A2'));
        expect(sent).toHaveLength(100);
        expect(server.counters.requests).toBe(1);
      };
    }, slow)());

  it('sends with the newer token, and asks for none, when the refusal comes late', () =>
    inVirtualTime(
      ({ manager, server, at, expectObservable }) => {
        manager.token$.subscribe();
        const { send } = api(['A2']);
        at(minutes(59) - 50, () => server.revoke('A1'));
        const answer$ = withToken(manager, send).pipe(map(({ by }) => by));
        expectObservable(answer$, `${minutes(59) - 50}ms ^`).toBe(`${minutes(59) + 150}ms (a|)`, { a: 'A2' });
        return () => expect(server.counters.requests).toBe(1); // the one of the timer
      },
      { untilMs: hours(1) },
    )());

  it.each([
    ['an answer', false],
    ['an error', true],
  ])('passes on a second refusal, and does not go on, when it is %s', (_kind, throws) =>
    inVirtualTime(({ manager, server, expectObservable }) => {
      const { sent, send } = api([], { throws });
      const status$ = outcome(withToken(manager, send).pipe(map(({ status }) => `${status}`)));
      expectObservable(status$, '10m ^').toBe('10m 1200ms (a|)', { a: throws ? 'Error' : '401' });
      return () => {
        expect(sent).toEqual(['A1', 'A2']);
        expect(server.counters.requests).toBe(1);
      };
    }, slow)(),
  );

  it.each<[string, Answer]>([
    ['403', { status: 403 }],
    ['401 with insufficient_scope', refusedWith('insufficient_scope')],
    ['500', { status: 500 }],
  ])('does not renew after %s', (_what, refusal) =>
    inVirtualTime(({ manager, server, expectObservable }) => {
      const { sent, send } = api([], { refusal });
      const status$ = withToken(manager, send).pipe(map(({ status }) => status));
      expectObservable(status$, '10m ^').toBe('10m 100ms (s|)', { s: refusal.status });
      return () => {
        expect(sent).toEqual(['A1']);
        expect(server.counters.requests).toBe(0);
      };
    }, slow)(),
  );

  it.each([
    ['an answer', false],
    ['an error', true],
  ])('passes the first refusal on, when it is %s, if there is no other token to be had', (_kind, throws) =>
    inVirtualTime(
      ({ manager, server, at }) => {
        const { sent, send } = api([], { throws });
        server.faults.next({ status: 503 });
        const seen: unknown[] = [];
        at(minutes(10), () =>
          withToken(manager, send).subscribe({
            next: ({ status }) => seen.push(status),
            error: (error: unknown) => seen.push((error as Error).message, codeOf((error as Error).cause)),
          }),
        );
        return () => {
          expect(seen).toEqual(throws ? ['HTTP 401', 'refresh_unavailable'] : [401]);
          expect(sent).toEqual(['A1']);
        };
      },
      { ...slow, manager: { maxWaitMs: 0 } },
    )(),
  );

  it('passes on a refusal that is frozen, or has a cause already, as it is', () => {
    const refusal = (fields: object): Error =>
      Object.assign(new Error('HTTP 401'), { status: 401, ...fields });
    const frozen: Error = Object.freeze(refusal({}));
    const caused = refusal({ cause: 'the socket' });
    const seen: unknown[] = [];
    for (const error of [frozen, caused]) {
      const tokens = { validToken$: of('A1'), renewal: () => throwError(() => new Error('no other')) };
      withToken(tokens, () => throwError(() => error)).subscribe({ error: (e: unknown) => seen.push(e) });
    }
    expect(seen[0]).toBe(frozen);
    expect(seen[1]).toBe(caused);
    expect(caused).toMatchObject({ cause: 'the socket' });
  });

  it('errors as validToken$ does where nothing could be sent', () =>
    inVirtualTime(({ manager, at }) => {
      const { sent, send } = api(['A1']);
      const seen: unknown[] = [];
      at(1, () => void manager.clear());
      at(2, () =>
        withToken(manager, send).subscribe({ error: (error: unknown) => seen.push(codeOf(error)) }),
      );
      return () => {
        expect(seen).toEqual(['no_credentials']);
        expect(sent).toEqual([]);
      };
    }, slow)());

  it('never sends again for a later token', () =>
    inVirtualTime(({ manager, at }) => {
      const sent: string[] = [];
      manager.token$.subscribe();
      at(1, () => withToken(manager, (token) => (sent.push(token), NEVER)).subscribe());
      return () => expect(sent).toEqual(['A1']);
    }, slow)());

  it('unsubscribing cancels the request', () =>
    inVirtualTime(
      ({ manager, cold, expectObservable, expectSubscriptions }) => {
        const request$ = cold('10s (r|)');
        expectObservable(
          withToken(manager, () => request$),
          '10m ^ 2s !',
        ).toBe('');
        expectSubscriptions(request$.subscriptions).toBe('10m ^ 2s !');
      },
      { untilMs: hours(1) },
    )());

  it('unsubscribing does not cancel the refresh that others wait for', () =>
    inVirtualTime(({ manager, server, expectObservable }) => {
      const { sent, send } = api(['A2']);
      expectObservable(withToken(manager, send), '10m ^ 500ms !').toBe('');
      expectObservable(manager.validToken$, '10m 400ms ^').toBe('10m 1100ms (b|)', { b: 'A2' });
      return () => {
        expect(sent).toEqual(['A1']);
        expect(server.counters.requests).toBe(1);
      };
    }, slow)());

  it('passes on all that a request emits, and renews if it is refused after that', () =>
    inVirtualTime(({ manager, expectObservable }) => {
      const send = (token: string): Observable<unknown> =>
        concat(of('sent'), token === 'A1' ? of({ status: 401 }) : of('progress', 'done'));
      expectObservable(withToken(manager, send), '10m ^').toBe('10m s 999ms (spd|)', {
        s: 'sent',
        p: 'progress',
        d: 'done',
      });
    }, slow)());

  it('goes by what it is told is a refusal', () =>
    inVirtualTime(({ manager, expectObservable }) => {
      const send = (token: string): Observable<string> => of(token === 'A1' ? 'expired!' : 'fine');
      const answer$ = withToken(manager, send, { isRejected: (answer) => answer === 'expired!' });
      expectObservable(answer$, '10m ^').toBe('10m 1s (f|)', { f: 'fine' });
    }, slow)());

  it.each([
    ['lets go of the answer that it does not pass on, which holds a connection', 'A2', [true, false]],
    ['leaves the one that it passes on to be read', 'A1', [false]],
  ])('%s', async (_what, renewed, isLetGo) => {
    const answers: Response[] = [];
    const tokens = { validToken$: of('A1'), renewal: () => of(renewed) };
    const send = (): Observable<Response> => {
      answers.push(new Response('a body', { status: answers.length ? 200 : 401 }));
      return of(answers.at(-1)!);
    };
    await firstValueFrom(withToken(tokens, send));
    const bodies = await Promise.all(answers.map((answer) => answer.text().catch(() => '')));
    expect(bodies.map((body) => body === '')).toEqual(isLetGo);
  });

  it('takes promises, and passes on what the request itself throws', async () => {
    const tokens = { validToken$: of('A1'), renewal: () => of('A2') };
    const seen: unknown[] = [];
    const note = {
      next: (value: unknown) => seen.push(value),
      error: (error: Error) => seen.push(error.message),
    };
    withToken(tokens, (token) => Promise.resolve(token)).subscribe(note);
    withToken(tokens, () => {
      throw new Error('a bug');
    }).subscribe(note);
    withToken(tokens, () => throwError(() => new Error('offline'))).subscribe(note);
    await Promise.resolve();
    await Promise.resolve();
    expect(seen).toEqual(['a bug', 'offline', 'A1']);
  });
});
