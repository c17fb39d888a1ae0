import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import {
  fakeAuthorizationServer,
  type FakeAuthorizationServerConfig,
  type LoopbackServer,
  refreshOverHttp,
} from '../../src/testing/index.js';

const listening: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(listening.splice(0).map((face) => face.close()));
});

async function bench(config: FakeAuthorizationServerConfig = {}) {
  const server = fakeAuthorizationServer(config);
  const face = await server.listen();
  listening.push(face);
  const first = server.signIn({ scope: 'read write' });
  const post = (body: string, type = 'application/x-www-form-urlencoded') =>
    fetch(face.url, { method: 'POST', body, headers: { 'content-type': type } });
  return { server, face, first, post, refresh: refreshOverHttp(face.url) };
}

const codeOf = (error: unknown) => ((error as Error).cause as { code?: string } | undefined)?.code;

describe('listen', () => {
  it('answers the refresh grant over HTTP, as JSON that no cache keeps', async () => {
    const { server, first, refresh } = await bench();
    const response = await refresh(first);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      access_token: expect.stringContaining('access-2-'),
      refresh_token: expect.stringContaining('refresh-2-'),
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'read write',
    });
    expect(server.counters).toMatchObject({ requests: 1, refreshes: 1 });
  });

  it('shares tokens and counters with the face without a network', async () => {
    const { server, first, refresh } = await bench();
    server.refresh(first).subscribe();
    const response = await refresh(first);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' });
    expect(server.counters).toMatchObject({ requests: 2, reuses: 1, familiesRevoked: 1 });
  });

  it('grants client credentials', async () => {
    const { post } = await bench();
    const body = await (await post('grant_type=client_credentials&scope=read')).json();

    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'read' });
    expect(body).not.toHaveProperty('refresh_token');
  });

  it.each([
    ['grant_type=password', 'unsupported_grant_type'],
    ['', 'invalid_request'],
    ['grant_type=&refresh_token=x', 'invalid_request'],
    ['grant_type=refresh_token', 'invalid_request'],
    ['grant_type=refresh_token&refresh_token=a&refresh_token=b', 'invalid_request'],
    ['grant_type=refresh_token&refresh_token=unknown', 'invalid_grant'],
  ])('refuses the form %p as RFC 6749 says', async (form, error) => {
    const response = await (await bench()).post(form);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error });
  });

  it('takes nothing but forms, by POST, of a sensible size', async () => {
    const { post, face, server } = await bench();
    const answers = [
      await post('{"grant_type":"client_credentials"}', 'application/json'),
      await fetch(face.url),
      await post('a'.repeat(100_000)),
      await fetch(`${face.origin}/elsewhere`),
    ];

    expect(answers.map(({ status }) => status)).toEqual([400, 405, 413, 404]);
    expect(answers[1]!.headers.get('allow')).toBe('POST');
    expect(server.counters.requests).toBe(0);
  });

  it.each(['dropBeforeCommit', 'commitThenDropReply'] as const)('resets the socket: %s', async (fault) => {
    const { server, first, refresh } = await bench();
    server.faults.next({ [fault]: 'reset' });

    await expect(refresh(first).catch(codeOf)).resolves.toBe('ECONNRESET');
    expect(server.isRefreshTokenValid(first.refresh_token!)).toBe(fault === 'dropBeforeCommit');
  });

  it('hangs until its client has had enough', async () => {
    const { server, first, refresh } = await bench();
    server.faults.next({ commitThenDropReply: 'hang' });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);

    await expect(refresh(first, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.log[0]).toMatchObject({ outcome: 'granted', repliedAt: undefined });
  });

  it('sends what a fault replaces: status, headers, and a body as it is', async () => {
    const { server, first, refresh } = await bench();
    server.faults.next(
      {
        status: 502,
        headers: { 'content-type': 'text/html', 'retry-after': '7' },
        body: '<h1>Bad gateway</h1>',
      },
      { body: (body: unknown) => JSON.stringify(body).slice(0, 20) },
      { body: new Uint8Array([31, 139]) },
    );
    const gateway = await refresh(first);
    const truncated = await refresh(first);
    const bytes = await refresh(first);

    expect([gateway.status, gateway.headers.get('retry-after')]).toEqual([502, '7']);
    expect(await gateway.text()).toBe('<h1>Bad gateway</h1>');
    expect(await truncated.text()).toMatch(/^\{"access_token":"acc$/);
    expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([31, 139]);
  });

  it('follows no redirect', async () => {
    const { server, first, refresh } = await bench();
    server.faults.next({ status: 307, headers: { location: '/token' } });

    expect((await refresh(first)).status).toBe(307);
    expect(server.counters.requests).toBe(1);
  });

  it('closes at once, although connections are kept alive, hang, or wait', async () => {
    const { server, face, first, refresh } = await bench();
    await refresh(first);
    server.faults.next({ delayMs: 60_000 }, { commitThenDropReply: 'hang' });
    const open = [refresh(first), refresh(first)].map((response) => response.catch(() => 'dropped'));
    while (server.counters.requests < 3) await new Promise(setImmediate);
    listening.length = 0;
    await face.close();

    expect(await Promise.all(open)).toEqual(['dropped', 'dropped']);
    await expect(refresh(first)).rejects.toThrow();
  });

  it('leaves no delay behind when it is closed', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { server, face, first, refresh } = await bench({ scheduler });
    server.faults.next({ delayMs: 60_000 });
    const dropped = refresh(first).catch(() => 'dropped');
    while (server.counters.requests < 1) await new Promise(setImmediate);
    listening.length = 0;
    await face.close();
    scheduler.flush();

    expect(await dropped).toBe('dropped');
    expect(server.log[0]).toMatchObject({ committedAt: undefined });
  });

  it('can leave its process free to end', async () => {
    const script = `
      import { fakeAuthorizationServer } from './src/testing/index.ts';
      const server = fakeAuthorizationServer();
      const face = await server.listen();
      face.unref();
      server.faults.next({ commitThenDropReply: 'hang' });
      await fetch(face.url, { method: 'POST', signal: AbortSignal.timeout(50) }).catch(() => {});
      const { connect } = await import('node:net');
      const idle = connect(new URL(face.url).port, '127.0.0.1');
      await new Promise((resolve) => idle.once('connect', resolve));
      idle.unref();
      console.log('free');
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { timeout: 10_000 },
    );
    expect(stdout).toBe('free\n');
  }, 15_000);

  describe('has a resource', () => {
    it.each([
      ['no token', () => ({}), 401, 'Bearer realm="rx-token"'],
      [
        'another scheme',
        () => ({ authorization: 'Basic YTpi' }),
        400,
        'Bearer realm="rx-token", error="invalid_request"',
      ],
      [
        'a token it does not know',
        () => ({ authorization: 'Bearer no' }),
        401,
        'Bearer realm="rx-token", error="invalid_token"',
      ],
      ['a valid token', (token: string) => ({ authorization: `Bearer ${token}` }), 200, null],
      ['a valid token, in lower case', (token: string) => ({ authorization: `bearer ${token}` }), 200, null],
    ])('that answers a request with %s as RFC 6750 says', async (_what, headersFor, status, challenge) => {
      const { face, first } = await bench();
      const headers: Record<string, string> = headersFor(first.access_token);
      const response = await fetch(face.resourceUrl, { headers });

      expect([response.status, response.headers.get('www-authenticate')]).toEqual([status, challenge]);
    });

    it('that lets no expired or revoked token pass', async () => {
      const { face, first, server } = await bench();
      const get = () =>
        fetch(face.resourceUrl, { headers: { authorization: `Bearer ${first.access_token}` } });
      const before = await get();
      server.revoke(first.refresh_token!);
      const after = await get();

      expect([before.status, after.status]).toEqual([200, 401]);
    });

    it('that can ask for a scope', async () => {
      const { face, first } = await bench();
      const get = (scope: string) =>
        fetch(`${face.resourceUrl}?scope=${scope}`, {
          headers: { authorization: `Bearer ${first.access_token}` },
        });
      const [read, admin] = [await get('read'), await get('admin')];

      expect([read.status, admin.status]).toEqual([200, 403]);
      expect(admin.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="admin"');
    });
  });
});
