import { describe, expect, it } from '@jest/globals';
import { createTokenManager, type Credentials, memoryStore, mergeRotation } from 'rx-token';

const hostile = (token: string): Credentials =>
  JSON.parse(
    `{"access_token":"${token}","expires_in":3600,"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"nested":{"__proto__":{"isAdmin":true}}}`,
  ) as Credentials;

function isClean(held: Credentials | null): void {
  const { isAdmin } = held as { isAdmin?: unknown };
  expect(isAdmin).toBeUndefined();
  expect((held as unknown as { nested: { isAdmin?: unknown } }).nested.isAdmin).toBeUndefined();
  expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
}

describe('rule 16: JSON from outside is never merged into an object with a prototype', () => {
  it('not that of a token response', async () => {
    const tokens = createTokenManager({
      store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
      refresh: () => Promise.resolve(hostile('A2')),
    });

    isClean(await tokens.getCredentials());
  });

  it('nor that of a Response', async () => {
    const tokens = createTokenManager({
      store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
      refresh: () =>
        new Response(
          JSON.stringify(hostile('A2')).replace('"nested"', '"__proto__":{"isAdmin":true},"nested"'),
        ),
    });

    isClean(await tokens.getCredentials());
  });

  it('nor that of a form', async () => {
    const tokens = createTokenManager({
      store: memoryStore({ access_token: 'A1', refresh_token: 'R1', expires_at: 1 }),
      refresh: () => new Response('access_token=A2&__proto__=x&constructor=y'),
    });
    const held = await tokens.getCredentials();

    expect(held.access_token).toBe('A2');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('nor that of a record in a store', async () => {
    const tokens = createTokenManager({
      store: { get: () => Promise.resolve(hostile('A1')), set: () => Promise.resolve() },
      refresh: () => new Promise(() => undefined),
    });

    isClean(await tokens.peek());
  });

  it('nor that of set()', async () => {
    const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });
    await tokens.set(hostile('B1'));

    isClean(await tokens.getCredentials());
  });

  it('nor by mergeRotation alone', () => {
    isClean(mergeRotation(hostile('A1'), hostile('A2'), 0));
  });

  it('what is stored stays faithful JSON', async () => {
    const record = {
      access_token: 'A1',
      refresh_token: 'R1',
      scope: 'a b',
      nested: { list: [1, { two: 2 }] },
      expires_at: 9e15 / 1_000,
    };
    const tokens = createTokenManager({ refresh: () => new Promise(() => undefined) });
    await tokens.set(record);

    expect(JSON.parse(JSON.stringify(await tokens.peek()))).toEqual(record);
  });
});
