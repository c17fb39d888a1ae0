import { describe, expect, it } from '@jest/globals';
import type { Subject } from 'rxjs';
import {
  AsyncSubject,
  BehaviorSubject,
  EMPTY,
  firstValueFrom,
  lastValueFrom,
  of,
  ReplaySubject,
  throwError,
  toArray,
} from 'rxjs';
import { classifyThrown } from '../src/classify.js';
import { generic } from '../src/providers/seeded.js';
import { fromCallback, readAnswer } from '../src/readAnswer.js';

const NOW = Date.UTC(2026, 0, 1);
const read = (value: unknown) => firstValueFrom(readAnswer(value, () => NOW));
const granted = { access_token: 'A2', expires_in: 60 };

describe('readAnswer', () => {
  it.each([[granted], [{ error: 'invalid_grant' }], [null], [undefined], ['text'], [{ status: 200 }]])(
    'takes %j for the body itself, synchronously',
    (value) => {
      const seen: unknown[] = [];
      readAnswer(value, () => NOW).subscribe((answer) => seen.push(answer));
      expect(seen).toEqual([{ body: value }]);
    },
  );

  it.each<[string, string, unknown]>([
    ['JSON', JSON.stringify(granted), granted],
    [
      'a form',
      'access_token=A2&expires_in=60&scope=a+b',
      { access_token: 'A2', expires_in: '60', scope: 'a b' },
    ],
    ['an error in a form', 'error=bad_refresh_token', { error: 'bad_refresh_token' }],
    ['JSON that is no object', 'null', null],
    ['a page', '<html><a href="?access_token=A2">', undefined],
    ['words', 'no token today', undefined],
    ['nothing', '', undefined],
    ['half of it', '{"access_token":"A2', undefined],
  ])('reads a Response that carries %s', async (_what, text, body) => {
    expect(await read(new Response(text))).toEqual({ body, status: 200, retryAfterMs: undefined });
  });

  it('reads the status, and when to come again', async () => {
    const headers = { 'Retry-After': '7' };
    const response = new Response('{"error":"slow_down"}', { status: 429, headers });
    expect(await read(response)).toEqual({ body: { error: 'slow_down' }, status: 429, retryAfterMs: 7_000 });
  });

  it('obeys an error that is longer than any answer, and knows that nothing was granted with it', async () => {
    const headers = { 'Retry-After': '7' };
    const failed = (status: number) => read(new Response('x'.repeat(1024 * 1024 + 1), { status, headers }));
    await expect(failed(503)).rejects.toMatchObject({ status: 503, ambiguous: false, retryAfterMs: 7_000 });
    await expect(failed(200)).rejects.toMatchObject({ status: 200, ambiguous: true });
  });

  it('counts a date from now', async () => {
    const headers = { 'Retry-After': new Date(NOW + 9_000).toUTCString() };
    expect(await read(new Response('', { status: 503, headers }))).toMatchObject({ retryAfterMs: 9_000 });
  });

  it('reads a Response of another make', async () => {
    const response = {
      status: 200,
      headers: new Headers(),
      text: () => Promise.resolve('{"access_token":"A2"}'),
    };
    expect(await read(response)).toMatchObject({ body: { access_token: 'A2' }, status: 200 });
  });

  it('gives up on what is too large to be a token response', async () => {
    const large = `{"access_token":"A2","x":"${'x'.repeat(1024 * 1024)}"}`;
    await expect(read(new Response(large))).rejects.toMatchObject({
      code: 'refresh_unavailable',
      ambiguous: true,
    });
    await expect(read(new Response(large.slice(-1024 * 1024)))).resolves.toBeDefined();
  });

  it('fails as the reading fails', async () => {
    const lost = new Error('reset');
    const response = { status: 200, headers: new Headers(), text: () => Promise.reject(lost) };
    await expect(read(response)).rejects.toBe(lost);
  });
});

describe('fromCallback', () => {
  const all = (callback: () => unknown): Promise<unknown[]> =>
    lastValueFrom(fromCallback<object>(callback as () => object).pipe(toArray()));

  async function* generated() {
    yield await Promise.resolve(granted);
  }
  const ended = <S extends Subject<object>>(subject: S): S => (
    subject.next(granted),
    subject.complete(),
    subject
  );

  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve(granted)],
    ['an observable', () => of(granted)],
    ['the plain answer', () => granted],
    ['an async generator', generated],
    ['an AsyncSubject', () => ended(new AsyncSubject<object>())],
    ['a ReplaySubject', () => ended(new ReplaySubject<object>(1))],
  ])('takes %s', async (_what, callback) => {
    expect(await all(callback)).toEqual([granted]);
  });

  it('takes a BehaviorSubject', async () => {
    const subject = new BehaviorSubject(granted);
    expect(await firstValueFrom(fromCallback(() => subject))).toBe(granted);
  });

  it('takes a plain error body, and a Response', async () => {
    const response = new Response();
    expect(await all(() => ({ error: 'invalid_grant' }))).toEqual([{ error: 'invalid_grant' }]);
    expect(await all(() => response)).toEqual([response]);
  });

  it('calls when it is subscribed to, once for each subscriber', () => {
    let calls = 0;
    const called$ = fromCallback(() => (calls++, of(granted)));
    expect(calls).toBe(0);
    called$.subscribe();
    called$.subscribe();
    expect(calls).toBe(2);
  });

  it('is synchronous where the callback is', () => {
    const seen: unknown[] = [];
    fromCallback(() => granted).subscribe((value) => seen.push(value));
    fromCallback(() => EMPTY).subscribe({ complete: () => seen.push('end') });
    expect(seen).toEqual([granted, 'end']);
  });

  it('fails as the callback fails', async () => {
    const error = new Error('down');
    const throwing = (): never => {
      throw error;
    };
    for (const callback of [throwing, () => Promise.reject(error), () => throwError(() => error)]) {
      await expect(all(callback)).rejects.toBe(error);
    }
  });

  it.each([undefined, null, 'A2', 7])('fails as a bug in the callback for what returns %j', async (value) => {
    const error = await all(() => value).catch((thrown: unknown) => thrown);
    expect(classifyThrown(error, generic, NOW)).toMatchObject({ code: 'callback_failed' });
  });
});
