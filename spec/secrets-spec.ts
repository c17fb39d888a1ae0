import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Observable, of, throwError, timer } from 'rxjs';
import {
  createTokenManager,
  type Credentials,
  memoryStore,
  mergeRotation,
  type RefreshResult,
  type TokenManager,
  type TokenManagerConfig,
} from 'rx-token';
import type { Fault, VirtualTimeConfig } from 'rx-token/testing';
import { codeOf } from './helpers/diary.js';
import { failing, faultyStore } from './helpers/faultyStore.js';
import { hours, inVirtualTime, minutes, seconds } from './helpers/inVirtualTime.js';

/* Every token here has a canary in it, and nothing that is said may. */
const A1 = 'access-canary-1';
const R1 = 'refresh-canary-1';
const held: Credentials = { access_token: A1, refresh_token: R1, id_token: 'id-canary', expires_at: 1 };
const server = {
  tokenName: (kind: string, count: number) => `${kind}-canary-${count}`,
};

const printed: unknown[] = [];
const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
beforeEach(() => {
  printed.splice(0);
  for (const method of methods)
    jest.spyOn(console, method).mockImplementation((...args) => void printed.push(...args));
});
afterEach(() => void jest.restoreAllMocks());

const templated = (what: unknown): string => `<${what as string}>${String(what)}`;

/** All the ways in which something gets into a log. */
function waysToSay(what: unknown): string[] {
  const error = what as { message?: unknown; stack?: unknown; cause?: unknown };
  return [
    inspect(what),
    inspect(what, { depth: 10, showHidden: true, getters: true }),
    [JSON.stringify(what)].join(),
    templated(what),
    ...(what instanceof Error
      ? [`${String(error.message)} ${String(error.stack)} ${inspect(error.cause, { depth: 10 })}`]
      : []),
  ];
}

function expectSilence(said: readonly unknown[]): void {
  const told = [...said, ...printed].flatMap((what) => {
    const inner = Object.values(what as object).filter((value) => value instanceof Error);
    return [what, ...inner].flatMap(waysToSay);
  });
  expect(told.flatMap(excerptsWithCanary)).toEqual([]);
}

function excerptsWithCanary(text: string): string[] {
  const at = text.toLowerCase().indexOf('canary');
  return at < 0 ? [] : [text.slice(Math.max(0, at - 80), at + 40)];
}

/** Everything that a manager says, and the manager itself, and whoever it has failed. */
function overhear(manager: TokenManager, said: unknown[]): void {
  const streams: Observable<unknown>[] = [
    manager.token$,
    manager.credentials$,
    manager.state$,
    manager.events$,
  ];
  manager.events$.subscribe((event) => said.push(event));
  manager.state$.subscribe((state) => said.push(state));
  said.push(manager, ...streams, manager.validToken$, manager.renewal(A1));
  for (const stream$ of streams) said.push(stream$.subscribe());
}

async function failures(manager: TokenManager): Promise<unknown[]> {
  const caught = (error: unknown): unknown => (typeof error === 'string' ? error : error);
  const calls = [
    manager.getValidToken(),
    manager.getValidToken({ minValidityMs: 10 }),
    manager.getCredentials(),
    manager.renew(A1),
    manager.peek(),
    manager.invalidate(A1),
  ];
  const outcomes = await Promise.all(calls.map((call) => call.then(() => undefined, caught)));
  return outcomes.filter((outcome) => outcome !== undefined);
}

const thrown = (error: unknown) => () => throwError(() => error);
const secretive = `POST https://id.example/token?refresh_token=${R1} failed: Bearer ${A1}`;
const axiosLike = Object.assign(new Error(secretive), {
  config: { headers: { Authorization: `Bearer ${A1}` }, data: `refresh_token=${R1}` },
  request: { path: `/token?refresh_token=${R1}` },
  response: { status: 400, data: { error: 'invalid_request', error_description: `${R1} is unknown` } },
});

describe('nothing that is said holds a token', () => {
  it.each<[string, TokenManagerConfig['refresh']]>([
    [
      'an error body that quotes the token',
      () => of({ error: 'invalid_grant', error_description: `${R1} revoked` }),
    ],
    ['an error code that is the token', () => of({ error: R1 })],
    ['an error code that is an object with the token', () => of({ error: { code: R1, message: A1 } })],
    [
      'an answer without an access token',
      () => of({ refresh_token: 'refresh-canary-2', expires_in: 3600 }) as RefreshResult,
    ],
    ['an answer that is no object', () => of('refresh-canary-2')],
    ['a 500 that quotes it', () => Promise.resolve(new Response(secretive, { status: 500 }))],
    [
      'a 400 that quotes it',
      () => Promise.resolve(new Response(JSON.stringify({ error: secretive }), { status: 400 })),
    ],
    ['a 200 that is too large', () => Promise.resolve(new Response(`{"x":"${'canary'.repeat(500_000)}"}`))],
    [
      'a Retry-After that is the token',
      () => Promise.resolve(new Response('', { status: 429, headers: { 'retry-after': R1 } })),
    ],
    ['an error with it in the message', thrown(new Error(secretive))],
    ['an error as axios makes them', thrown(axiosLike)],
    [
      'an error with it in its cause',
      thrown(new Error('failed', { cause: new Error(secretive, { cause: axiosLike }) })),
    ],
    ['an error with it in its name', thrown(Object.assign(new Error('failed'), { name: R1 }))],
    ['an error with it in its code', thrown(Object.assign(new Error('failed'), { code: R1 }))],
    ['an error with it in its status', thrown(Object.assign(new Error('failed'), { status: R1 }))],
    ['a bug with it in its name', thrown(Object.assign(new TypeError('failed'), { name: R1 }))],
    ['a bug with it in the message', thrown(new TypeError(`${R1} is not a function`))],
    ['an AggregateError', thrown(new AggregateError([new Error(secretive)], secretive))],
    ['a thrown string', thrown(secretive)],
    ['a thrown object', thrown({ error: R1, error_description: R1, toString: () => R1 })],
    ['a thrown function', thrown(Object.assign(() => R1, { [R1]: R1 }))],
  ])('when the refresh ends with %s', async (_what, refresh) => {
    const said: unknown[] = [];
    const manager = createTokenManager({ store: memoryStore(held), refresh: refresh!, maxWaitMs: 0 });
    overhear(manager, said);
    said.push(...(await failures(manager)));
    manager.dispose();

    expect(said.filter((what) => what instanceof Error).length).toBeGreaterThan(3);
    expectSilence(said);
  });

  const canary = (fields: object = {}) => Object.assign(new Error(secretive, { cause: held }), fields);

  it.each(['read', 'write', 'hold', 'prepare', 'condemn', 'acquit'] as const)(
    'when the store fails to %s, with an error that quotes it',
    async (action) => {
      const errors = [canary(), ...['code', 'name', 'reason'].map((field) => canary({ [field]: R1 }))];
      const records = [held, { ...held, expires_at: Date.now() + hours(1) }];
      for (const [error, record] of errors.flatMap((error) =>
        records.map((record) => [error, record] as const),
      )) {
        const said: unknown[] = [];
        const manager = createTokenManager({
          store: faultyStore(memoryStore(record), failing(action, Infinity, error)),
          refresh: () => of({ error: action === 'condemn' ? 'invalid_grant' : 'server_error' }),
          maxWaitMs: 0,
        });
        overhear(manager, said);
        said.push(...(await failures(manager)));
        said.push(
          await manager.set({ access_token: 'a', expires_in: 60 }).catch((caught: unknown) => caught),
        );
        said.push(await manager.clear().catch((caught: unknown) => caught));
        manager.dispose();
        expectSilence(said.filter((what) => what !== undefined));
      }
    },
  );

  it('when a pair that was lifted holds garbage, or fails', async () => {
    for (const get of [
      () => Promise.resolve(R1),
      () => Promise.resolve({ refresh_token: R1 }),
      () => Promise.reject(canary()),
    ]) {
      const said: unknown[] = [];
      const manager = createTokenManager({
        store: { get, set: () => Promise.reject(canary()) },
        refresh: () => of({ error: 'x' }),
      });
      overhear(manager, said);
      said.push(...(await failures(manager)));
      said.push(await manager.set(held).catch((caught: unknown) => caught));
      manager.dispose();
      expectSilence(said);
    }
  });

  it.each<[string, Partial<TokenManagerConfig>]>([
    [
      'onRefresh throws',
      {
        onRefresh: () => {
          throw canary();
        },
      },
    ],
    [
      'onRefresh throws something with its name',
      {
        onRefresh: () => {
          throw canary({ name: R1 });
        },
      },
    ],
    ['onRefresh rejects', { onRefresh: () => Promise.reject(canary()) }],
    [
      'retry throws',
      {
        retry: () => {
          throw canary();
        },
      },
    ],
    [
      'sameAccount throws',
      {
        sameAccount: () => {
          throw canary();
        },
      },
    ],
  ])('when %s', async (_what, options) => {
    for (const answer of [
      { access_token: 'access-canary-2', expires_in: 60 },
      { error: 'invalid_grant' },
      { error: 'x' },
    ]) {
      const said: unknown[] = [];
      const store = memoryStore(held);
      const manager = createTokenManager({ store, refresh: () => of(answer), maxWaitMs: 0, ...options });
      const sibling = createTokenManager({ store, refresh: () => of(answer) });
      overhear(manager, said);
      const outcomes = await failures(manager);
      await sibling.set({ ...held, refresh_token: 'refresh-canary-9' });
      await new Promise(setImmediate);
      for (const tokens of [manager, sibling]) tokens.dispose();
      expectSilence([...said, ...outcomes.filter((what) => what instanceof Error)]);
    }
  });

  it('when the manager is misused', async () => {
    const manager = createTokenManager({ refresh: () => new Promise(() => undefined) });
    const said = await Promise.all([
      manager.set({ refresh_token: R1 } as never).catch((caught: unknown) => caught),
      manager.set(R1 as never).catch((caught: unknown) => caught),
      manager.renew([R1] as never).catch((caught: unknown) => caught),
      manager.getValidToken({ minValidityMs: R1 as never }).catch((caught: unknown) => caught),
    ]);
    manager.dispose();

    expectSilence(said);
  });

  it.each<[string, Fault]>([
    ['is late', { replyDelayMs: seconds(40) }],
    ['is lost', { commitThenDropReply: 'reset' }],
    ['never comes', { commitThenDropReply: 'hang' }],
    ['is denied', { status: 400, body: { error: 'invalid_grant' } }],
    ['is fine', {}],
  ])('in virtual time, from the first load to the end, when an answer %s', (_what, fault) => {
    const said: unknown[] = [];
    const config: VirtualTimeConfig = {
      server,
      manager: ({ server, store, scheduler }) => ({
        refresh: (previous, context) => (said.push(context), server.refresh(previous)),
        store: faultyStore(store, (action) => {
          if (action === 'write' && scheduler.now() > minutes(100)) throw canary();
          return undefined;
        }),
      }),
      untilMs: hours(3),
    };
    return inVirtualTime(({ manager, server, store, at }) => {
      server.faults.next(fault);
      overhear(manager, said);
      for (const ms of [minutes(59) + 1, minutes(60), minutes(110)]) {
        at(ms, () => {
          said.push(manager.validToken$.subscribe({ error: (error: unknown) => said.push(error) }));
          said.push(manager, store);
        });
      }
      return () => expectSilence(said);
    }, config)();
  });
});

describe('credentials', () => {
  const merged = mergeRotation(null, {
    access_token: A1,
    refresh_token: R1,
    id_token: 'id-canary',
    custom: 'custom-canary',
    scope: 'read',
  });
  const kept = async () => {
    const manager = createTokenManager({
      store: memoryStore({ ...held, expires_at: Date.now() + hours(1) }),
      refresh: () => timer(0) as never,
    });
    try {
      return [await manager.getCredentials(), await manager.peek()];
    } finally {
      manager.dispose();
    }
  };

  it('show no secret when they are printed, by themselves or inside of something', async () => {
    for (const credentials of [merged, ...(await kept())]) {
      const shown = [
        inspect(credentials, { depth: 10, showHidden: true }),
        inspect({ deep: { in: [credentials] } }, { depth: 10 }),
        inspect(new Error('x', { cause: credentials }), { depth: 10 }),
        templated(credentials),
      ];
      expect(shown.filter((text) => text.includes('canary'))).toEqual([]);
    }
  });

  it('show what is useful and no secret', () => {
    expect(inspect(merged)).toContain('read');
  });

  it('stay faithful in JSON, which is what stores use', () => {
    expect(JSON.parse(JSON.stringify(merged))).toMatchObject({
      access_token: A1,
      refresh_token: R1,
      custom: 'custom-canary',
    });
  });
});

describe('the proof that this can fail', () => {
  it.each([
    ['an error', new Error(`no ${R1}`)],
    ['an event', { type: 'x', error: new Error('no', { cause: { token: R1 } }) }],
    ['a nested state', { a: { b: { c: { d: [A1] } } } }],
    ['an object that prints itself', { toString: (): string => A1 }],
  ])('with %s', (_what, leaky) => {
    expect(() => expectSilence([leaky])).toThrow();
  });

  it('also through the console', () => {
    console.warn(codeOf({ code: A1 }));
    expect(() => expectSilence([])).toThrow();
  });
});
