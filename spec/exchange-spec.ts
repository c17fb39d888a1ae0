import { describe, expect, it } from '@jest/globals';
import { catchError, EMPTY, lastValueFrom, map, NEVER, of, throwError, type Observable } from 'rxjs';
import { readConfig, type RefreshAnswer, type RefreshContext, type RefreshResult } from '../src/config.js';
import { TokenError } from '../src/errors.js';
import { exchange, type Granted } from '../src/exchange.js';
import type { TokenResponse } from '../src/tokenResponse.js';
import { codeOf } from './helpers/diary.js';
import { marbles, type Marbles } from './helpers/marbles.js';
import { unevenClock } from './helpers/unevenClock.js';

const held = { access_token: 'A1', refresh_token: 'R1' };
const response: TokenResponse = { access_token: 'A2' };
/** What the marbles stand for. */
const answers: Record<string, RefreshAnswer> = {
  t: response,
  e: { error: 'invalid_grant' },
  x: { no: 'token' } as never,
};

/** An exchange that may take five frames; what its callback was told, and what was still to come. */
function exchanging(refresh: (nth: number) => RefreshResult, { scheduler }: Marbles) {
  const asked: { previous: unknown; context: RefreshContext }[] = [];
  const late: unknown[][] = [];
  const listen = (answer$: Observable<Granted>): void => {
    const heard: unknown[] = [];
    late.push(heard);
    const note = (what: unknown) => heard.push(...(heard.length ? [] : [scheduler.now()]), what);
    answer$.subscribe({
      next: (granted) => note(granted.response.access_token),
      error: (error: unknown) => note(codeOf(error)),
      complete: () => note('end'),
    });
  };
  const settings = readConfig({
    refresh: (previous, context) => refresh(asked.push({ previous, context })),
    refreshTimeoutMs: 5,
    scheduler,
  });
  return { asked, late, granted$: exchange(settings, held, 3, listen) };
}

/** An error as a value: whether it may have been answered, and its code. */
const worded = <T>(source$: Observable<T>) =>
  source$.pipe(
    catchError((error: unknown) => {
      expect(error).toBeInstanceOf(TokenError);
      return of((error as { ambiguous?: boolean }).ambiguous ? 'ambiguous' : codeOf(error));
    }),
  );

describe('exchange', () => {
  it(
    'emits once what was granted, with the instant of sending, and completes',
    marbles((tools) => {
      const callback = tools.cold('--t-t|', answers);
      const run = '                ^-!';
      const { granted$, late } = exchanging(() => callback, tools);
      tools.expectObservable(granted$).toBe('--(g|)', { g: { response, sentAt: 0 } });
      tools.expectSubscriptions(callback.subscriptions).toBe(run);
      tools.scheduler.flush();
      expect(late).toEqual([]);
    }),
  );

  it(
    'is cold: each subscription is a request of its own, sent when it is subscribed to',
    marbles((tools) => {
      const { granted$, asked } = exchanging(() => tools.cold('-t', answers), tools);
      const sent$ = granted$.pipe(map(({ sentAt }) => sentAt));
      tools.expectObservable(sent$, '^').toBe('-(s|)', { s: 0 });
      tools.expectObservable(sent$, '---^').toBe('----(s|)', { s: 3 });
      expect(asked).toHaveLength(0);
      tools.scheduler.flush();
      expect(asked).toHaveLength(2);
    }),
  );

  it(
    'tells the callback whose token it is, and how often it was tried',
    marbles((tools) => {
      const { granted$, asked } = exchanging(() => NEVER, tools);
      worded(granted$).subscribe();
      expect(asked).toEqual([
        {
          previous: held,
          context: { signal: expect.any(AbortSignal), profile: expect.anything(), attempt: 3 },
        },
      ]);
      expect(asked[0]!.context.profile).toMatchObject({ name: 'generic' });
    }),
  );

  it.each<[string, string, string]>([
    ['a refusal', '-e', 'refresh_rejected'],
    ['what is no token', '-x', 'ambiguous'],
    ['no answer', '-|', 'ambiguous'],
    ['an error', '-#', 'refresh_unavailable'],
  ])('errors with a TokenError for %s', (_what, marble, expected) =>
    marbles((tools) => {
      const { granted$ } = exchanging(() => tools.cold(marble, answers, new Error('secret')), tools);
      tools.expectObservable(worded(granted$)).toBe('-(e|)', { e: expected });
    })(),
  );

  it.each<[string, () => RefreshResult, unknown]>([
    ['grants', () => response, { response, sentAt: 0 }],
    ['refuses', () => ({ error: 'invalid_client' }), 'configuration'],
    ['fails', () => throwError(() => Object.assign(new Error(), { status: 503 })), 'refresh_unavailable'],
    ['ends', () => EMPTY, 'ambiguous'],
    ['has a bug', () => undefined as never, 'callback_failed'],
  ])('is synchronous with a callback that at once %s', (_what, callback, expected) =>
    marbles((tools) => {
      const seen: unknown[] = [];
      worded(exchanging(callback, tools).granted$).subscribe((value) => seen.push(value));
      expect(seen).toEqual([expected]);
    })(),
  );

  it(
    'gives up after the timeout, and aborts the request, which may have been answered',
    marbles((tools) => {
      const { granted$, asked, late } = exchanging(() => NEVER, tools);
      tools.expectObservable(worded(granted$)).toBe('-----(e|)', { e: 'ambiguous' });
      tools.scheduler.schedule(() => expect(asked[0]!.context.signal.aborted).toBe(false), 4);
      tools.scheduler.flush();
      expect(asked[0]!.context.signal.aborted).toBe(true);
      expect(late).toHaveLength(1);
    }),
  );

  it.each([
    ['comes', '-------t|', '^------!', [7, 'A2', 'end']],
    ['does not come', '-----------t|', '^---------!', [10, 'end']],
    ['is a refusal', '-------e|', '^------!', [7, 'refresh_rejected']],
  ])('listens as long again for a late answer, which %s', (_what, marble, run, expected) =>
    marbles((tools) => {
      const callback = tools.cold(marble, answers);
      const { granted$, late } = exchanging(() => callback, tools);
      worded(granted$).subscribe();
      tools.scheduler.flush();
      tools.expectSubscriptions(callback.subscriptions).toBe(run);
      expect(late).toEqual([expected]);
    })(),
  );

  it(
    'holds the process for one timeout and not for two: a late answer is waited for in the background',
    marbles(({ scheduler }) => {
      const [holding, background] = [unevenClock(scheduler), unevenClock(scheduler)];
      const settings = readConfig({ refresh: () => NEVER, refreshTimeoutMs: 5, scheduler: holding });
      const waited: unknown[] = [];
      const listen = (answer$: Observable<Granted>) =>
        answer$.subscribe({ complete: () => waited.push(scheduler.now()) });
      worded(exchange({ ...settings, background }, held, 1, listen)).subscribe();
      scheduler.flush();

      expect(holding.asked).toEqual([5]);
      expect(background.asked).toEqual([5]);
      expect(waited).toEqual([10]);
    }),
  );

  it(
    'aborts the request when it is left',
    marbles((tools) => {
      const callback = tools.cold('---t', answers);
      const { granted$, asked, late } = exchanging(() => callback, tools);
      tools.expectObservable(granted$, '--!').toBe('');
      tools.expectSubscriptions(callback.subscriptions).toBe('^-!');
      tools.scheduler.flush();
      expect(asked[0]!.context.signal.aborted).toBe(true);
      expect(late).toEqual([]);
    }),
  );

  it(
    'aborts nothing when it was answered, with whatever',
    marbles((tools) => {
      for (const marble of ['-t', '-e', '-#']) {
        const { granted$, asked } = exchanging(() => tools.cold(marble, answers), tools);
        worded(granted$).subscribe();
        tools.scheduler.flush();
        expect(asked[0]!.context.signal.aborted).toBe(false);
      }
    }),
  );

  it('reads the answer of a promise, and of a Response', async () => {
    const settings = (refresh: () => RefreshResult) => readConfig({ refresh });
    const callbacks = [
      () => Promise.resolve(response),
      () => Promise.resolve(Response.json(response)),
      () => Response.json(response),
    ];
    for (const callback of callbacks) {
      const seen: unknown[] = [];
      await exchange(settings(callback), held, 1, () => undefined).forEach((granted) =>
        seen.push(granted.response),
      );
      expect(seen).toEqual([response]);
    }
  });

  it('counts from its own clock what the provider asks one to wait', async () => {
    const headers = { 'Retry-After': new Date(Date.now() + 3_600_000).toUTCString() };
    const refresh = () => new Response('', { status: 503, headers });
    const error = await lastValueFrom(exchange(readConfig({ refresh }), held, 1, () => undefined)).catch(
      (thrown: unknown) => thrown as { retryAfterMs?: number },
    );
    expect(error).toMatchObject({ code: 'refresh_unavailable', status: 503 });
    expect(Math.round((error as { retryAfterMs: number }).retryAfterMs / 60_000)).toBe(60);
  });
});
