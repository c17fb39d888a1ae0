import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { type Subscription, VirtualTimeScheduler } from 'rxjs';
import { createTokenManager } from 'rx-token';
import { type DeviceAuthorization, deviceAuthorizationGrant, type GrantOptions } from 'rx-token/oauth';
import { nextPoll } from '../../src/oauth/nextPoll.js';
import { RefreshUnavailableError } from '../../src/errors.js';

// Loaded beforehand, so that only promises lie between two steps of the clock.
await import('oauth4webapi');

const seconds = (count: number): number => count * 1000;
const begun = {
  device_code: 'device-canary',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://example.com/device',
  verification_uri_complete: 'https://example.com/device?user_code=WDJB-MJHT',
  expires_in: 300,
  interval: 5,
};
const granted = { access_token: 'A1-canary', refresh_token: 'R1-canary', expires_in: 3600 };
const json =
  (body: unknown, status = 200, headers = {}) =>
  () =>
    Response.json(body, { status, headers });
const pending = json({ error: 'authorization_pending' }, 400);
const reset = (): never => {
  throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
};
const silence = () => new Promise<never>(() => undefined);

/** A provider that gives these answers to polls, and then the last one for ever; and a clock that is wound by hand. */
function signingIn(
  polls: readonly (() => Response | Promise<Response>)[],
  options: Partial<GrantOptions> = {},
  first = json(begun),
) {
  const scheduler = new VirtualTimeScheduler();
  const askedAt: number[] = [];
  const forms: Record<string, string>[] = [];
  const signals: AbortSignal[] = [];
  const diary: (DeviceAuthorization | string)[] = [];
  const errors: unknown[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    forms.push(Object.fromEntries(init.body as URLSearchParams));
    if (init.signal) signals.push(init.signal);
    if (url === 'https://id.example.com/device') return first();
    askedAt.push(scheduler.now());
    return (polls[askedAt.length - 1] ?? polls.at(-1)!)();
  };
  const grant$ = deviceAuthorizationGrant({
    deviceAuthorizationEndpoint: 'https://id.example.com/device',
    tokenEndpoint: 'https://id.example.com/token',
    clientId: 'my-cli',
    fetch,
    scheduler,
    ...options,
  });
  const start = (): Subscription =>
    grant$.subscribe({
      next: (event) => diary.push(event),
      error: (error: unknown) => errors.push(error),
      complete: () => diary.push('complete'),
    });
  const settle = async () => {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
  };
  return {
    askedAt,
    forms,
    signals,
    diary,
    errors,
    start,
    scheduler,
    /** Lets time pass, a second at a time, with all that happens in it. */
    async until(ms: number) {
      for (
        let at = Math.max(0, scheduler.maxFrames === Infinity ? 0 : scheduler.maxFrames);
        at <= ms;
        at += 1000
      ) {
        await settle();
        scheduler.maxFrames = at;
        scheduler.flush();
        await settle();
      }
    },
  };
}

describe('deviceAuthorizationGrant', () => {
  it('shows a code, asks at the interval, and ends with credentials', async () => {
    const flow = signingIn([pending, pending, json(granted)], { scope: 'read offline_access' });
    expect(flow.forms).toEqual([]); // cold
    flow.start();
    await flow.until(seconds(14));
    const prompt = {
      type: 'prompt',
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://example.com/device',
      verificationUriComplete: 'https://example.com/device?user_code=WDJB-MJHT',
      expiresAt: seconds(300),
      intervalMs: seconds(5),
    };
    expect(flow.diary).toEqual([prompt]);
    await flow.until(seconds(60));
    const credentials = { ...granted, expires_at: seconds(15 + 3600) };
    expect(flow.diary).toEqual([prompt, { type: 'credentials', credentials }, 'complete']);
    expect(flow.askedAt).toEqual([5, 10, 15].map(seconds));
    expect(flow.forms.slice(0, 2)).toEqual([
      { client_id: 'my-cli', scope: 'read offline_access' },
      {
        client_id: 'my-cli',
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: 'device-canary',
      },
    ]);
    expect(inspect(flow.diary, { depth: 9 })).not.toContain('canary');
  });

  it('gives what set() takes', async () => {
    const flow = signingIn([json(granted)]);
    flow.start();
    await flow.until(seconds(6));
    const tokens = createTokenManager({ refresh: () => granted, scheduler: flow.scheduler });
    const events = flow.diary.filter((event) => typeof event === 'object');
    for (const event of events) if (event.type === 'credentials') await tokens.set(event.credentials);
    expect(await tokens.getValidToken()).toBe('A1-canary');
  });

  it('asks five seconds less often each time it is told to slow down, for good', async () => {
    const slower = json({ error: 'slow_down' }, 400);
    const flow = signingIn([pending, slower, pending, slower, pending, json(granted)]);
    flow.start();
    await flow.until(seconds(100));
    expect(flow.askedAt).toEqual([5, 10, 20, 30, 45, 60].map(seconds));
    expect(flow.diary).toHaveLength(3);
  });

  it('understands errors with 200, as GitHub sends them', async () => {
    const flow = signingIn([
      json({ error: 'authorization_pending' }),
      json({ error: 'slow_down', interval: 10 }),
      json(granted),
    ]);
    flow.start();
    await flow.until(seconds(60));
    expect(flow.askedAt).toEqual([5, 10, 20].map(seconds));
  });

  it.each<[string, () => Response | Promise<Response>, number[]]>([
    ['a reset', reset, [5, 15, 35, 75]],
    ['a 503', json({}, 503), [5, 15, 35, 75]],
    ['a busy server', json({ error: 'temporarily_unavailable' }, 400), [5, 15, 35, 75]],
    ['a page', () => new Response('<p>wait', { status: 502 }), [5, 15, 35, 75]],
    ['a page with 200', () => new Response('<p>log in to the hotel'), [5, 15, 35, 75]],
    ['429 with Retry-After', json({}, 429, { 'retry-after': '30' }), [5, 35, 95]],
    ['silence', silence, [5, 25, 55]],
  ])('goes on after %s, more slowly', async (_what, trouble, expected) => {
    const flow = signingIn([trouble, trouble, trouble, pending]);
    flow.start();
    await flow.until(seconds(99));
    expect(flow.askedAt.slice(0, expected.length)).toEqual(expected.map(seconds));
    expect(flow.errors).toEqual([]);
  });

  it('is back at its interval once it has an answer', async () => {
    const flow = signingIn([reset, reset, pending, pending, json(granted)]);
    flow.start();
    await flow.until(seconds(99));
    expect(flow.askedAt).toEqual([5, 15, 35, 40, 45].map(seconds));
  });

  it.each<[string, () => Response, object]>([
    [
      'the user has refused',
      json({ error: 'access_denied' }, 400),
      {
        code: 'refresh_rejected',
        error: 'access_denied',
        message: 'The user has refused. Start the sign-in again',
      },
    ],
    [
      'the code has expired',
      json({ error: 'expired_token' }, 400),
      { code: 'refresh_rejected', error: 'expired_token' },
    ],
    [
      'the code is spent',
      json({ error: 'invalid_grant' }, 400),
      { code: 'refresh_rejected', error: 'invalid_grant' },
    ],
    [
      'another word of refusal',
      json({ error: 'authorization_declined' }, 400),
      { code: 'refresh_rejected', error: 'authorization_declined' },
    ],
    ['the client is wrong', json({ error: 'invalid_client' }, 401), { code: 'configuration' }],
    ['there is nothing', json({}, 404), { code: 'refresh_unavailable', status: 404 }],
  ])('ends when %s', async (_what, answer, expected) => {
    const flow = signingIn([pending, answer]);
    flow.start();
    await flow.until(seconds(60));
    expect(flow.askedAt).toHaveLength(2);
    expect(flow.errors).toEqual([expect.objectContaining(expected)]);
    expect(inspect(flow.errors, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  it('ends by itself with its code, and does not ask then', async () => {
    const flow = signingIn([pending], {}, json({ ...begun, expires_in: 12 }));
    flow.start();
    await flow.until(seconds(60));
    expect(flow.askedAt).toEqual([5, 10].map(seconds));
    expect(flow.errors).toEqual([expect.objectContaining({ error: 'expired_token' })]);
  });

  it('stops when it is left: between two polls, and within one', async () => {
    const between = signingIn([pending]);
    const subscription = between.start();
    await between.until(seconds(7));
    subscription.unsubscribe();
    await between.until(seconds(60));
    expect(between.askedAt).toEqual([seconds(5)]);

    const within = signingIn([silence]);
    const leaving = within.start();
    await within.until(seconds(6));
    expect(within.signals.at(-1)!.aborted).toBe(false);
    leaving.unsubscribe();
    expect(within.signals.at(-1)!.aborted).toBe(true);
  });

  it('begins anew for each subscriber', async () => {
    const flow = signingIn([json(granted)]);
    flow.start();
    flow.start();
    await flow.until(seconds(10));
    expect(flow.forms).toHaveLength(4);
  });

  it.each<[string, () => Response, object]>([
    [
      'a refusal',
      json({ error: 'unauthorized_client' }, 400),
      { code: 'configuration', error: 'unauthorized_client' },
    ],
    [
      '503',
      json({}, 503, { 'retry-after': '8' }),
      { code: 'refresh_unavailable', status: 503, retryAfterMs: 8000 },
    ],
    ['no code', json({ ...begun, device_code: undefined }), { code: 'refresh_unavailable', status: 200 }],
    [
      'an address that is none',
      json({ ...begun, verification_uri: 'javascript:alert(1)' }),
      { code: 'refresh_unavailable' },
    ],
    [
      'an address that is a command',
      json({ ...begun, verification_uri: '; rm -rf ~' }),
      { code: 'refresh_unavailable' },
    ],
    ['a reset', reset, { code: 'refresh_unavailable' }],
  ])('does not begin: %s', async (_what, first, expected) => {
    const flow = signingIn([pending], {}, first);
    flow.start();
    await flow.until(seconds(20));
    expect(flow.errors).toEqual([expect.objectContaining(expected)]);
    expect(flow.askedAt).toEqual([]);
    expect(inspect(flow.errors, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  it('does without what servers leave out, and reads what they misspell', async () => {
    const { verification_uri: verification_url, ...rest } = begun;
    const odd = {
      ...rest,
      verification_url,
      interval: undefined,
      expires_in: '60',
      verification_uri_complete: 'javascript:1',
    };
    const flow = signingIn([json(granted)], {}, json(odd));
    flow.start();
    await flow.until(seconds(1));
    expect(flow.diary).toEqual([
      {
        type: 'prompt',
        userCode: 'WDJB-MJHT',
        verificationUri: verification_url,
        expiresAt: seconds(60),
        intervalMs: seconds(5),
      },
    ]);
  });

  it.each<[unknown, number]>([
    [0, 5],
    [-1, 5],
    ['soon', 5],
    ['7', 7],
    [0.001, 1],
  ])('asks for %p at an interval that is one', async (interval, expected) => {
    const flow = signingIn([pending], {}, json({ ...begun, interval }));
    flow.start();
    await flow.until(seconds(20));
    expect(flow.askedAt.slice(0, 2)).toEqual([expected, 2 * expected].map(seconds));
  });

  it('asks for no timer that would fire at once', async () => {
    const year = 365 * 86_400;
    const first = json({ ...begun, expires_in: year });
    const flow = signingIn([json({}, 429, { 'retry-after': `${year / 2}` }), pending], {}, first);
    const asked: number[] = [];
    const { schedule } = flow.scheduler;
    flow.scheduler.schedule = (work, delayMs = 0, state) => {
      asked.push(delayMs);
      return schedule.call(flow.scheduler, work as never, delayMs, state);
    };
    flow.start();
    await flow.until(seconds(8));
    expect(asked.length).toBeGreaterThan(1);
    expect(Math.max(...asked)).toBe(2 ** 31 - 1);
  });

  it('reads what its provider makes of it', async () => {
    const provider = {
      name: 'a',
      reuse: 'strict' as const,
      normalize: (body: unknown) => (body as { data?: unknown }).data ?? body,
    };
    const flow = signingIn([pending, json({ data: granted })], { provider }, json({ data: begun }));
    flow.start();
    await flow.until(seconds(20));
    expect(flow.diary[0]).toMatchObject({ userCode: begun.user_code });
    expect(flow.diary.at(-1)).toBe('complete');
  });

  it('ends with what is wrong with its provider', async () => {
    const normalize = () => {
      throw new Error('canary');
    };
    const provider = { name: 'a', reuse: 'strict' as const, normalize };
    for (const first of [json({ data: begun }), json(begun)]) {
      const flow = signingIn([json({ data: granted })], { provider }, first);
      flow.start();
      await flow.until(seconds(20));
      expect(flow.errors).toEqual([expect.objectContaining({ code: 'callback_failed' })]);
    }
  });
});

describe('nextPoll', () => {
  it('backs off to a minute, and never below the interval', () => {
    const trouble = new RefreshUnavailableError('x');
    const waits = (intervalMs: number) => {
      let poll = { intervalMs, waitMs: intervalMs };
      return Array.from({ length: 5 }, () => (poll = nextPoll(poll, trouble)).waitMs);
    };
    expect(waits(seconds(5))).toEqual([10, 20, 40, 60, 60].map(seconds));
    expect(waits(seconds(90))).toEqual([90, 90, 90, 90, 90].map(seconds));
  });
});
