import { describe, expect, it } from '@jest/globals';
import { runScript } from './helpers/runScript.js';

/* In plain node processes: Jest would stand between an error and its process. */

const tools = `
  import { EMPTY, NEVER, Observable, of, throwError, timer } from 'rxjs';
  import { createTokenManager, memoryStore } from 'rx-token';
  import { fakeAuthorizationServer } from 'rx-token/testing';
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const expired = { access_token: 'A1', refresh_token: 'R1', expires_at: 1 };
  const valid = { ...expired, expires_at: Date.now() + 3600_000 };
  const fresh = { access_token: 'A2', refresh_token: 'R2', expires_in: 3600 };
`;

const failingAt = `
  const refuse = () => { throw Object.assign(new Error('refused'), { code: 'EIO' }); };
  const failingAt = (...actions) => {
    const store = memoryStore(expired);
    const or = (action, work) => (actions.includes(action) ? refuse : work);
    return {
      read: or('read', store.read),
      write: or('write', store.write),
      changes$: actions.includes('changes$') ? throwError(() => new Error('deaf')) : store.changes$,
      lock: {
        lossy: false,
        hold: or('hold', (critical) => store.lock.hold((lease) => critical({
          ...lease,
          remainingMs: () => Infinity,
          prepare: or('prepare', lease.prepare),
          acquit: or('acquit', lease.acquit),
          condemn: or('condemn', lease.condemn),
        }))),
      },
    };
  };
`;

describe('no unhandled rejection and no uncaught error', () => {
  it.each([
    ['zero', ''],
    ['one', 'tokens.token$.subscribe();'],
    [
      'many',
      `for (let n = 0; n < 20; n++)
         for (const stream$ of [tokens.token$, tokens.credentials$, tokens.state$, tokens.events$]) stream$.subscribe();`,
    ],
  ])('under any fault, with %s subscribers', async (_many, subscribe) => {
    const { stdout, stderr, code } = await runScript(`
      ${tools}
      ${failingAt}
      const wrong = [];
      process.on('unhandledRejection', (reason) => wrong.push(['unhandledRejection', name, String(reason)]));
      process.on('uncaughtException', (error) => wrong.push(['uncaughtException', name, String(error)]));
      let name = '';

      const status = (status, body, headers) => () => Promise.resolve(new Response(body, { status, headers }));
      const faults = {
        'down': { refresh: status(503, 'down') },
        'limited': { refresh: status(429, '{}', { 'retry-after': '0' }) },
        'denied': { refresh: status(400, '{"error":"invalid_grant"}') },
        'misconfigured': { refresh: status(401, '{"error":"invalid_client"}') },
        'a captive portal': { refresh: status(200, '<html>') },
        'a body that breaks off': { refresh: () => new Response(new ReadableStream({ start(c) { c.error(new Error('cut')); } })) },
        'a rejected promise': { refresh: () => Promise.reject(new Error('no')) },
        'a promise rejected with nothing': { refresh: () => Promise.reject() },
        'a promise that rejects after the timeout': { refresh: () => new Promise((_, reject) => setTimeout(reject, 60, new Error('late'))) },
        'a promise that answers after the timeout': { refresh: () => new Promise((resolve) => setTimeout(resolve, 60, fresh)) },
        'a promise that never settles': { refresh: () => new Promise(() => {}) },
        'an observable that never emits': { refresh: () => NEVER },
        'an observable that completes': { refresh: () => EMPTY },
        'an observable that errors': { refresh: () => throwError(() => new Error('no')) },
        'an observable that emits and errors': { refresh: () => new Observable((s) => { s.next(fresh); s.error(new Error('no')); }) },
        'a bug': { refresh: () => { undefinedFunction(); } },
        'nothing': { refresh: () => undefined },
        'onRefresh throws': { refresh: () => fresh, onRefresh: () => { throw new Error('no'); } },
        'onRefresh rejects': { refresh: () => fresh, onRefresh: async () => { throw new Error('no'); } },
        'onRefresh returns a broken thenable': { refresh: () => fresh, onRefresh: () => ({ then() { throw new Error('no'); } }) },
        'retry throws': { refresh: () => ({ error: 'x' }), retry: () => { throw new Error('no'); } },
        'sameAccount throws': { refresh: () => ({ error: 'invalid_grant' }), sameAccount: () => { throw new Error('no'); }, touched: true },
        'the pair rejects': { refresh: () => fresh, store: { get: () => Promise.reject(new Error('no')), set: () => Promise.reject(new Error('no')) } },
        'the pair throws': { refresh: () => fresh, store: { get: refuse, set: refuse } },
        'the pair holds garbage': { refresh: () => fresh, store: { get: async () => 'garbage', set: async () => {} } },
        'a lock that never comes': { refresh: () => fresh, store: { ...memoryStore(expired), lock: { lossy: false, hold: () => NEVER } } },
      };
      for (const action of ['read', 'write', 'hold', 'prepare', 'changes$'])
        faults['the store fails at ' + action] = { refresh: () => fresh, store: failingAt(action) };
      faults['the store fails at condemn'] = { refresh: () => ({ error: 'invalid_grant' }), store: failingAt('condemn') };
      faults['the store fails at acquit'] = { refresh: () => ({ error: 'x' }), store: failingAt('acquit') };
      faults['the store fails at everything'] = { refresh: () => fresh, store: failingAt('read', 'write', 'hold', 'prepare', 'acquit', 'condemn') };

      const run = async ([, { touched, ...options }]) => {
        const store = options.store ?? memoryStore(expired);
        const tokens = createTokenManager({
          retry: () => 5, maxWaitMs: 0, refreshTimeoutMs: 30, lockTimeoutMs: 30, ...options, store,
        });
        ${subscribe}
        const signal = AbortSignal.timeout(10);
        const calls = () => [
          tokens.getValidToken(), tokens.getValidToken({ signal }), tokens.getCredentials(), tokens.renew('A1'), tokens.peek(),
        ].map((call) => call.catch((error) => error));
        const first = calls();
        tokens.validToken$.subscribe({ error: () => {} }).unsubscribe();
        await pause(20);
        if (touched) createTokenManager({ store, refresh: () => NEVER }).set({ ...fresh, refresh_token: 'R9', expires_in: 0.001 });
        await pause(40);
        const more = [tokens.invalidate(), tokens.set({ ...fresh, access_token: 'B1', expires_in: 0.01 }), ...calls()]
          .map((call) => call.catch((error) => error));
        await pause(60);
        const last = [tokens.clear(), ...calls()].map((call) => call.catch((error) => error));
        await pause(20);
        tokens.dispose();
        tokens.clear().catch(() => {});
        return Promise.all([...first, ...more, ...last]);
      };
      const all = Object.entries(faults).map(async (fault) => [fault[0], (await run(fault)).length]);
      const finished = await Promise.race([Promise.all(all), pause(8_000)]);
      await pause(50);
      console.log(JSON.stringify({ wrong, finished: finished?.length, of: all.length }));
      process.exit(0);
    `);
    const { wrong, finished, of } = JSON.parse(stdout || '{}') as Record<string, unknown>;

    expect({ code, stderr, wrong, finished }).toEqual({ code: 0, stderr: '', wrong: [], finished: of });
    expect(of).toBeGreaterThan(30);
  });

  it('would tell of one', async () => {
    const { stdout } = await runScript(`
      ${tools}
      process.on('unhandledRejection', () => console.log('unhandled'));
      const tokens = createTokenManager({ store: memoryStore(), refresh: () => fresh });
      tokens.getValidToken();
      await pause(10);
    `);

    expect(stdout).toBe('unhandled\n');
  });
});

const leavesTold = `
  const done = (what) => {
    console.log(what);
    const doneAt = performance.now();
    process.on('exit', () => console.log(performance.now() - doneAt < 1_000 ? 'at once' : 'late'));
  };
`;

describe('a process whose only business was one getValidToken() exits by itself at once with code 0', () => {
  const hourLong = `createTokenManager({ store: memoryStore(valid), refresh: () => NEVER })`;
  const refreshed = `createTokenManager({ store: memoryStore(expired), refresh: () => fresh })`;
  const overHttp = `createTokenManager({ store: memoryStore(expired), refresh: () => timer(20).pipe(map(() => fresh)) })`;

  it.each([
    ['with a token that lives for an hour', `const tokens = ${hourLong};`, '', 'A1'],
    ['and dispose()', `const tokens = ${hourLong};`, 'tokens.dispose();', 'A1'],
    ['with one that had to be refreshed', `const tokens = ${refreshed};`, '', 'A2'],
    ['with one that took a while', `const tokens = ${overHttp};`, '', 'A2'],
    [
      'with every stream subscribed to',
      `const tokens = ${hourLong};
       for (const stream$ of [tokens.token$, tokens.credentials$, tokens.state$, tokens.events$]) stream$.subscribe();`,
      '',
      'A1',
    ],
    [
      'with a timer that is due in a second',
      `const tokens = createTokenManager({ store: memoryStore({ ...valid, expires_at: Date.now() + 2_500, expires_in: 3 }), refresh: () => NEVER });
       tokens.token$.subscribe();`,
      '',
      'A1',
    ],
    [
      'with a refresh behind it that failed and would be retried',
      `const tokens = createTokenManager({ store: memoryStore({ ...valid, expires_at: Date.now() + 50_000 }), refresh: () => ({ error: 'x' }), retry: () => 60_000 });
       tokens.token$.subscribe();`,
      '',
      'A1',
    ],
  ])('%s', async (_what, start, end, token) => {
    const ended = await runScript(`
      ${tools.replace('timer }', 'timer, map }')}
      ${leavesTold}
      ${start}
      done(await tokens.getValidToken());
      ${end}
    `);

    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: `${token}\nat once\n` });
  });

  it('over a file', async () => {
    const ended = await runScript(`
      ${tools}
      ${leavesTold}
      import { mkdtempSync, rmSync } from 'node:fs';
      import { fileStore } from 'rx-token/node';
      const folder = mkdtempSync('/tmp/rx-token-exit-');
      const tokens = createTokenManager({ store: fileStore(folder + '/c.json'), refresh: () => fresh });
      tokens.token$.subscribe();
      await tokens.set(expired);
      done(await tokens.getValidToken());
      rmSync(folder, { recursive: true });
    `);

    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'A2\nat once\n' });
  });

  it('when the refresh has failed, too', async () => {
    const ended = await runScript(`
      ${tools}
      ${leavesTold}
      const tokens = createTokenManager({ store: memoryStore(expired), refresh: () => ({ error: 'x' }), maxWaitMs: 0 });
      done(await tokens.getValidToken().catch((error) => error.code));
    `);

    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'refresh_unavailable\nat once\n' });
  });
});

describe('while a caller awaits, the process does not exit', () => {
  it.each([
    [
      'the lock',
      `const store = memoryStore(expired);
       store.lock.hold(() => new Observable((held) => { setTimeout(() => held.complete(), 200).unref(); })).subscribe();
       const tokens = createTokenManager({ store, refresh: () => fresh });`,
      'A2',
    ],
    [
      'the lock, in vain',
      `const store = memoryStore(expired);
       store.lock.hold(() => NEVER).subscribe();
       const tokens = createTokenManager({ store, refresh: () => fresh, lockTimeoutMs: 200 });`,
      'lock_timeout',
    ],
    [
      'the exchange',
      `const tokens = createTokenManager({
         store: memoryStore(expired),
         refresh: () => new Promise((resolve) => { setTimeout(resolve, 200, fresh).unref(); }),
       });`,
      'A2',
    ],
    [
      'the exchange, in vain',
      `const tokens = createTokenManager({ store: memoryStore(expired), refresh: () => NEVER, refreshTimeoutMs: 200 });`,
      'refresh_unavailable',
    ],
    [
      'the next attempt',
      `let calls = 0;
       const tokens = createTokenManager({
         store: memoryStore(expired),
         refresh: () => (++calls === 1 ? { error: 'x' } : fresh),
         retry: () => 200,
       });
       await tokens.getValidToken().catch(() => {});`,
      'A2',
    ],
    [
      'another look at the store after a denial',
      `const tokens = createTokenManager({ store: memoryStore(expired), refresh: () => ({ error: 'invalid_grant' }) });`,
      'refresh_rejected',
    ],
  ])('%s', async (_what, start, outcome) => {
    const ended = await runScript(`
      ${tools}
      ${start}
      console.log(await tokens.getValidToken().catch((error) => error.code));
    `);

    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: `${outcome}\n` });
  });
});

it('a token of 40 days makes no TimeoutOverflowWarning', async () => {
  const ended = await runScript(`
    ${tools}
    let calls = 0;
    const tokens = createTokenManager({ refresh: () => (calls++, NEVER) });
    await tokens.set({ access_token: 'A1', refresh_token: 'R1', expires_in: 40 * 86_400 });
    tokens.token$.subscribe();
    await pause(100);
    console.log(calls);
  `);

  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: '0\n' });
});
