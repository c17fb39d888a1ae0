import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import {
  fakeAuthorizationServer,
  type FakeAuthorizationServer,
  type FakeAuthorizationServerConfig,
  type Fault,
} from '../../src/testing/index.js';

const named = (kind: string, count: number) => `${kind[0]!.toUpperCase()}${count}`;

/** A server in virtual time, and a client that notes what it hears, and when. */
function bench(config: FakeAuthorizationServerConfig = {}) {
  const scheduler = new VirtualTimeScheduler();
  const server = fakeAuthorizationServer({
    scheduler,
    tokenName: named,
    accessTokenLifetimeMs: 10_000,
    ...config,
  });
  const heard: [number, unknown][] = [];
  const hear = (what: unknown) => heard.push([scheduler.now(), what]);
  const refresh = (refresh_token: string, signal?: AbortSignal) =>
    server.refresh({ refresh_token }, { signal }).subscribe({ next: hear, error: hear });
  const at = (ms: number, work: () => void) => scheduler.schedule(work, ms);
  return { scheduler, server, heard, refresh, at, run: () => scheduler.flush() };
}

const answer = (count: number, more: object = {}) => ({
  access_token: `A${count}`,
  refresh_token: `R${count}`,
  token_type: 'Bearer',
  expires_in: 10,
  ...more,
});
const refusal = { error: 'invalid_grant', error_description: expect.any(String) };

/** What each of these refresh tokens gets, presented one after the other. */
function present(server: FakeAuthorizationServer, ...tokens: string[]): unknown[] {
  return tokens.map((refresh_token) => {
    let got: unknown = 'nothing';
    server
      .refresh({ refresh_token })
      .subscribe({ next: (body) => (got = body), error: (error: unknown) => (got = error) });
    return got;
  });
}

describe('fakeAuthorizationServer', () => {
  describe('signing in', () => {
    it('gives the raw answer of a token endpoint', () => {
      expect(bench().server.signIn()).toEqual(answer(1));
    });

    it('takes overrides, leaves out what is undefined, and honours tokens, scope and seconds given', () => {
      const { server, at, run } = bench();
      const response = server.signIn({
        access_token: 'mine',
        refresh_token: 'renewable',
        scope: 'read',
        expires_in: 2,
        token_type: undefined,
        account: 7,
      });
      const valid: boolean[] = [];
      for (const ms of [1_999, 2_000]) at(ms, () => valid.push(server.isAccessTokenValid('mine')));
      run();

      expect(response).toEqual({
        access_token: 'mine',
        refresh_token: 'renewable',
        scope: 'read',
        expires_in: 2,
        account: 7,
      });
      expect(valid).toEqual([true, false]);
      expect(server.isRefreshTokenValid('renewable')).toBe(true);
    });

    it.each([
      ['a string', '3600', { expires_in: '3600' }],
      ['null', null, { expires_in: null }],
      ['nothing', () => undefined, {}],
      ['a string of the true seconds', String, { expires_in: '10' }],
    ])('can send %s as expires_in', (_what, expiresIn, sent) => {
      const { expires_in: _, ...rest } = answer(1);
      expect(bench({ expiresIn }).server.signIn()).toStrictEqual({ ...rest, ...sent });
    });

    it('spells tokens by its seed', () => {
      const [one, again, other] = [1, 1, 2].map((seed) => fakeAuthorizationServer({ seed }).signIn());

      expect(one).toEqual(again);
      expect(one!.access_token).not.toBe(other!.access_token);
      expect(one!.refresh_token).toMatch(/^refresh-1-\w{16}$/);
    });
  });

  describe('without rotation', () => {
    it('takes the same refresh token again and again, and sends none', () => {
      const { server } = bench({ rotation: 'none' });
      server.signIn();
      const { refresh_token: _, ...second } = answer(2);

      expect(present(server, 'R1', 'R1')).toEqual([second, { ...second, access_token: 'A3' }]);
      expect(server.counters).toMatchObject({ requests: 2, refreshes: 2, reuses: 0 });
      expect(server.presented.get('R1')).toBe(2);
    });
  });

  describe('with strict rotation', () => {
    it('gives a new pair for each refresh token', () => {
      const { server } = bench();
      server.signIn();

      expect(present(server, 'R1', 'R2')).toEqual([answer(2), answer(3)]);
      expect(server.isAccessTokenValid('A1')).toBe(true);
    });

    it('ends the family when a spent refresh token comes back', () => {
      const { server } = bench();
      server.signIn();

      expect(present(server, 'R1', 'R1', 'R2')).toEqual([answer(2), refusal, refusal]);
      expect(server.counters).toMatchObject({ reuses: 1, familiesRevoked: 1, refreshes: 1 });
      expect(server.isAccessTokenValid('A2')).toBe(false);
      expect(server.isRefreshTokenValid('R2')).toBe(false);
    });

    it('leaves other families alone', () => {
      const { server } = bench();
      server.signIn();
      server.signIn();

      expect(present(server, 'R1', 'R1', 'R2')).toEqual([answer(3), refusal, answer(4)]);
    });

    it('counts refresh tokens that come back after they were refused', () => {
      const { server } = bench();
      server.signIn();
      server.revoke('R1');

      expect(present(server, 'R1', 'R1', 'R1', 'stranger')).toEqual([refusal, refusal, refusal, refusal]);
      expect(server.counters).toMatchObject({ refusedAgain: 2, reuses: 0, familiesRevoked: 0 });
    });
  });

  describe('with a grace', () => {
    const idempotent = { graceMs: 1_000, kind: 'idempotent' } as const;
    const forking = { graceMs: 1_000, kind: 'forking' } as const;

    it('answers with the same successor again, inside the window', () => {
      const { server, refresh, heard, at, run } = bench({ rotation: idempotent });
      server.signIn();
      refresh('R1');
      at(1_000, () => refresh('R1'));
      run();

      expect(heard).toEqual([
        [0, answer(2)],
        [1_000, answer(2, { expires_in: 9 })],
      ]);
      expect(server.counters).toMatchObject({ refreshes: 2, forgiven: 1, reuses: 0 });
    });

    it('answers with a new access token when that of the successor has ended', () => {
      const { server, refresh, heard, at, run } = bench({
        rotation: { ...idempotent, graceMs: 60_000 },
      });
      server.signIn();
      refresh('R1');
      at(10_000, () => refresh('R1'));
      run();

      expect(heard[1]).toEqual([10_000, answer(3, { refresh_token: 'R2' })]);
    });

    it('answers with another successor, where it forks, and all of them are good', () => {
      const { server } = bench({ rotation: forking });
      server.signIn();

      expect(present(server, 'R1', 'R1', 'R2', 'R3')).toEqual([answer(2), answer(3), answer(4), answer(5)]);
      expect(server.counters).toMatchObject({ forgiven: 1, reuses: 0 });
    });

    it.each([idempotent, forking])('is strict outside of the window: %p', (rotation) => {
      const { server, refresh, heard, at, run } = bench({ rotation });
      server.signIn();
      refresh('R1');
      at(1_001, () => refresh('R1'));
      run();

      expect(heard[1]).toEqual([1_001, refusal]);
      expect(server.counters).toMatchObject({ reuses: 1, familiesRevoked: 1 });
    });

    it('answers with the same new access token from then on', () => {
      const { server, refresh, heard, at, run } = bench({ rotation: { ...idempotent, graceMs: 60_000 } });
      server.signIn();
      refresh('R1');
      for (const ms of [10_000, 11_000]) at(ms, () => refresh('R1'));
      run();

      expect(heard[2]).toEqual([11_000, answer(3, { refresh_token: 'R2', expires_in: 9 })]);
    });

    it.each([idempotent, forking])('counts the window from the first use: %p', (rotation) => {
      const { server, refresh, heard, at, run } = bench({ rotation });
      const isValid: boolean[] = [];
      server.signIn();
      refresh('R1');
      for (const ms of [900, 1_800]) {
        at(ms, () => isValid.push(server.isRefreshTokenValid('R1')));
        at(ms, () => refresh('R1'));
      }
      run();

      expect(heard[2]).toEqual([1_800, refusal]);
      expect(isValid).toEqual([true, false]);
    });

    it.each([idempotent, forking])('forgives only the last but one: %p', (rotation) => {
      const { server } = bench({ rotation });
      server.signIn();

      expect(present(server, 'R1', 'R2', 'R1')).toEqual([answer(2), answer(3), refusal]);
      expect(server.counters).toMatchObject({ reuses: 1 });
    });
  });

  it('can end an access token with the refresh token it came with', () => {
    const { server } = bench({ endsPreviousAccessToken: true });
    server.signIn();
    present(server, 'R1');

    expect([server.isAccessTokenValid('A1'), server.isAccessTokenValid('A2')]).toEqual([false, true]);
  });

  it('does not end an access token that it gives again', () => {
    const { server } = bench({ endsPreviousAccessToken: true });
    server.signIn();
    server.faults.always({ sameAccessTokenUntilMs: 3_000 });
    present(server, 'R1');

    expect(server.isAccessTokenValid('A1')).toBe(true);
  });

  it('revokes an access token alone', () => {
    const { server } = bench();
    server.signIn();
    server.revoke('A1');

    expect([server.isAccessTokenValid('A1'), server.isRefreshTokenValid('R1')]).toEqual([false, true]);
  });

  it('grants client credentials: an access token and nothing else', () => {
    const { server } = bench();
    let got: unknown;
    server.acquire().subscribe((body) => (got = body));

    expect(got).toEqual({ access_token: 'A1', token_type: 'Bearer', expires_in: 10 });
    expect(server.counters).toMatchObject({ requests: 1, refreshes: 0 });
  });

  it.each([
    [{}, 'invalid_request'],
    [{ grant_type: 'refresh_token' }, 'invalid_request'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
  ])('refuses the form %p', (form, error) => {
    let got: unknown;
    bench()
      .server.answer(form)
      .subscribe((reply) => (got = reply));

    expect(got).toMatchObject({ status: 400, headers: { 'cache-control': 'no-store' }, body: { error } });
  });

  it('lets the last word spell an answer as some provider does', () => {
    const { server } = bench({
      reply: (reply, { form }) => ({
        ...reply,
        body: { ok: true, data: reply.body, grant: form.grant_type },
      }),
    });
    server.signIn();

    expect(present(server, 'R1')).toEqual([{ ok: true, data: answer(2), grant: 'refresh_token' }]);
  });

  it.each([
    { rotation: 'lenient' },
    { rotation: { graceMs: -1, kind: 'forking' } },
    { rotation: { graceMs: 1, kind: 'spooning' } },
    { accessTokenLifetimeMs: 0 },
    { accessTokenLifetimeMs: NaN },
  ])('refuses the option %p', (config) => {
    expect(() => fakeAuthorizationServer(config as FakeAuthorizationServerConfig)).toThrow(RangeError);
  });

  describe('time', () => {
    it('answers at once when there is no latency', () => {
      const { server, heard, refresh } = bench();
      server.signIn();
      refresh('R1');

      expect(heard).toEqual([[0, answer(2)]]);
    });

    it('commits when asked and answers after the latency', () => {
      const { server, heard, refresh, run } = bench({ latencyMs: 150 });
      server.signIn();
      refresh('R1');
      expect(server.isRefreshTokenValid('R1')).toBe(false);
      run();

      expect(heard).toEqual([[150, answer(2)]]);
      expect(server.log).toEqual([
        {
          at: 0,
          grantType: 'refresh_token',
          refreshToken: 'R1',
          outcome: 'granted',
          committedAt: 0,
          repliedAt: 150,
        },
      ]);
    });

    it('asks for the latency of each request', () => {
      const latencies = [30, 10];
      const { server, heard, refresh, run } = bench({ latencyMs: () => latencies.shift()! });
      server.signIn();
      refresh('R1');
      refresh('R2');
      run();

      expect(heard.map(([ms]) => ms)).toEqual([10, 30]);
    });

    it('counts the most requests that were open at one time', () => {
      const { server, refresh, run, at } = bench({ rotation: 'none', latencyMs: 100 });
      server.signIn();
      for (const ms of [0, 50, 101, 151, 400]) at(ms, () => refresh('R1'));
      run();

      expect(server.counters).toMatchObject({ requests: 5, maxConcurrent: 2 });
    });

    it('makes each subscription a request, and none before', () => {
      const { server } = bench({ rotation: 'none' });
      server.signIn();
      const refresh$ = server.refresh({ refresh_token: 'R1' });
      expect(server.counters.requests).toBe(0);
      refresh$.subscribe();
      refresh$.subscribe();

      expect(server.counters.requests).toBe(2);
    });

    it('goes on when its client has left', () => {
      const { server, heard, refresh, run, at } = bench({ latencyMs: 100 });
      server.signIn();
      server.faults.next({ delayMs: 100 });
      const client = refresh('R1');
      at(50, () => client.unsubscribe());
      run();

      expect(heard).toEqual([]);
      expect(server.isRefreshTokenValid('R1')).toBe(false);
      expect(server.log[0]).toMatchObject({ outcome: 'granted', committedAt: 100, repliedAt: undefined });
      expect(server.counters.maxConcurrent).toBe(1);
    });

    it('errors with the reason of the signal', () => {
      const { server, heard, refresh, run, at } = bench();
      const controller = new AbortController();
      server.signIn();
      server.faults.next({ commitThenDropReply: 'hang' });
      refresh('R1', controller.signal);
      at(70, () => controller.abort('enough'));
      refresh('R1', AbortSignal.abort('never'));
      run();

      expect(heard).toEqual([
        [0, 'never'],
        [70, 'enough'],
      ]);
      expect(server.counters.requests).toBe(1);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      refresh('R1');
      expect(server.counters.maxConcurrent).toBe(1);
    });
  });

  describe('faults', () => {
    const reset = expect.objectContaining({
      name: 'TypeError',
      cause: expect.objectContaining({ code: 'ECONNRESET' }),
    });
    const rows: [string, Fault, unknown[], { spent: boolean }][] = [
      ['no fault', {}, [[0, answer(2)]], { spent: true }],
      ['delay', { delayMs: 40 }, [[40, answer(2)]], { spent: true }],
      ['late reply', { replyDelayMs: 40 }, [[40, answer(2)]], { spent: true }],
      ['request lost by a reset', { dropBeforeCommit: 'reset' }, [[0, reset]], { spent: false }],
      ['request lost in silence', { dropBeforeCommit: 'hang' }, [], { spent: false }],
      ['reply lost by a reset', { commitThenDropReply: 'reset' }, [[0, reset]], { spent: true }],
      ['reply lost late', { commitThenDropReply: 'reset', replyDelayMs: 9 }, [[9, reset]], { spent: true }],
      ['reply lost in silence', { commitThenDropReply: 'hang' }, [], { spent: true }],
      [
        'refresh token omitted',
        { omitRefreshToken: true },
        [[0, expect.not.objectContaining({ refresh_token: expect.anything() })]],
        { spent: false },
      ],
      [
        'refresh token blank',
        { blankRefreshToken: true },
        [[0, { ...answer(2), refresh_token: '' }]],
        { spent: false },
      ],
      [
        'another status',
        { status: 429, headers: { 'retry-after': '7' } },
        [
          [
            0,
            expect.objectContaining({
              status: 429,
              headers: expect.objectContaining({ 'retry-after': '7' }),
            }),
          ],
        ],
        { spent: false },
      ],
      [
        'an OAuth error under another status',
        { status: 500, body: { error: 'invalid_grant' } },
        [[0, expect.objectContaining({ status: 500, error: 'invalid_grant', message: expect.any(String) })]],
        { spent: false },
      ],
      [
        'a refusal',
        { status: 403, body: { error: 'invalid_grant' } },
        [[0, { error: 'invalid_grant' }]],
        { spent: false },
      ],
      [
        'a redirect',
        { status: 307, headers: { location: '/elsewhere' } },
        [[0, expect.objectContaining({ status: 307 })]],
        { spent: false },
      ],
      ['another body', { body: '<html>' }, [[0, '<html>']], { spent: false }],
      ['a null body', { body: null }, [[0, null]], { spent: false }],
      [
        'a body made of the answer',
        { body: (body: object) => ({ data: body }) },
        [[0, { data: answer(2) }]],
        { spent: true },
      ],
      [
        'a gateway that hides a success',
        { status: 502, body: 'Bad gateway', commits: true },
        [[0, expect.objectContaining({ status: 502 })]],
        { spent: true },
      ],
    ];

    it.each(rows)('%s', (_name, fault, expected, { spent }) => {
      const { server, heard, refresh, run } = bench();
      server.signIn();
      server.faults.next(fault);
      refresh('R1');
      run();

      expect(heard).toEqual(expected);
      expect(server.presented.get('R1')).toBe(1);
      present(server, 'R1');
      expect(server.counters.reuses).toBe(spent ? 1 : 0);
    });

    it('gives the same access token until it is about to end, and rotates all the same', () => {
      const { server, heard, refresh, run, at } = bench();
      server.signIn();
      server.faults.always({ sameAccessTokenUntilMs: 3_000 });
      at(5_000, () => refresh('R1'));
      at(7_000, () => refresh('R2'));
      run();

      expect(heard).toEqual([
        [5_000, answer(2, { access_token: 'A1', expires_in: 5 })],
        [7_000, answer(3, { access_token: 'A2' })],
      ]);
    });

    it('gives the latest access token again where refresh tokens are not rotated', () => {
      const { server, heard, refresh, run, at } = bench({ rotation: 'none' });
      server.signIn();
      server.faults.always({ sameAccessTokenUntilMs: 3_000 });
      for (const ms of [8_000, 9_000]) at(ms, () => refresh('R1'));
      run();

      expect(heard.map(([, body]) => (body as { access_token: string }).access_token)).toEqual(['A2', 'A2']);
    });

    it('befall requests in the order they were queued, then the standing one, until cleared', () => {
      const { server } = bench();
      server.signIn();
      server.faults.always(({ form }) => (form.refresh_token === 'R2' ? { body: 'standing' } : undefined));
      server.faults.next({ body: 'first' }, { body: 'second' });

      expect(present(server, 'R1', 'R1', 'R1', 'R2')).toEqual(['first', 'second', answer(2), 'standing']);
      server.faults.next({ body: 'never' });
      server.faults.clear();
      expect(present(server, 'R2')).toEqual([answer(3)]);
    });
  });
});
