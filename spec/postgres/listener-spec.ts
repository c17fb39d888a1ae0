import { expect, it } from '@jest/globals';
import { Client } from 'pg';
import { firstValueFrom, from, type ObservableInput } from 'rxjs';
import { createTokenManager } from 'rx-token';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { ANY_VERSION } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { postgresStore } from '../../src/postgres/index.js';
import { until } from '../helpers/until.js';
import { withPostgres } from '../helpers/withPostgres.js';

const ONE: Credentials = { access_token: 'a1', refresh_token: 'r1' };
const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });

await withPostgres('what postgresStore hears', ({ server, pool, table: tableOfItsOwn, ask }) => {
  const listeners = async (): Promise<number> =>
    (await ask(`SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)).length;
  const cutListeners = () =>
    ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`);
  const counting = (store: ReturnType<typeof postgresStore>) => {
    const state = { hints: 0, ended: false };
    const end = () => (state.ended = true);
    const subscription = store.changes$.subscribe({ next: () => state.hints++, error: end, complete: end });
    return Object.assign(state, { subscription });
  };

  it('is of its own key alone, and over one connection for 10 000 of them', async () => {
    const table = await tableOfItsOwn();
    const ours = pool();
    const stores = Array.from({ length: 10_000 }, (_, nth) => postgresStore(ours, `key ${nth}`, { table }));
    const heard = stores.map(counting);
    await until(() => heard.every(({ hints }) => hints === 1)); // it listens now
    expect(await listeners()).toBe(1);
    expect(ours.totalCount).toBe(0); // and none of the pool
    await done(postgresStore(pool(), 'key 5000', { table }).write(ONE, ANY_VERSION));
    await until(() => heard[5000]!.hints === 2);
    await done(postgresStore(pool(), 'key 7', { table }).write(ONE, ANY_VERSION));
    await until(() => heard[7]!.hints === 2);
    expect(heard.filter(({ hints }) => hints !== 1)).toHaveLength(2);
    for (const { subscription } of heard.slice(1)) subscription.unsubscribe();
    expect(await listeners()).toBe(1);
    heard[0]!.subscription.unsubscribe();
    await until(async () => (await listeners()) === 0);

    const again = counting(stores[3]!);
    await until(async () => (await listeners()) === 1);
    again.subscription.unsubscribe();
    await until(async () => (await listeners()) === 0);
  });

  it('goes on after its connection was cut, and hints at what it may have missed', async () => {
    const table = await tableOfItsOwn();
    const stores = ['one', 'two'].map((key) => postgresStore(pool(), key, { table }));
    const heard = stores.map(counting);
    await until(() => heard.every(({ hints }) => hints === 1));
    for (let round = 2; round < 5; round++) {
      await cutListeners();
      await until(() => heard.every(({ hints }) => hints === round));
    }
    await done(stores[0]!.write(ONE, ANY_VERSION));
    await until(() => heard[0]!.hints === 5);
    expect(heard.map(({ ended }) => ended)).toEqual([false, false]);
    for (const { subscription } of heard) subscription.unsubscribe();
  });

  it('is over the connection that it is given, one for all', async () => {
    const table = await tableOfItsOwn();
    const ours = pool();
    let made = 0;
    const listen = () => (
      made++,
      new Client({ connectionString: server.url, application_name: 'of its own' })
    );
    const stores = ['one', 'two'].map((key) => postgresStore(ours, key, { table, listen }));
    expect(made).toBe(0);
    const heard = stores.map(counting);
    await until(() => heard.every(({ hints }) => hints === 1));
    expect(made).toBe(1);
    expect(await ask(`SELECT FROM pg_stat_activity WHERE application_name = 'of its own'`)).toHaveLength(1);
    for (const { subscription } of heard) subscription.unsubscribe();
  });

  it('is what this process writes, without one', async () => {
    const table = await tableOfItsOwn();
    const ours = pool();
    const store = () => postgresStore(ours, 'key', { table, listen: false });
    const heard = counting(store());
    await done(store().write(ONE, ANY_VERSION));
    expect(heard.hints).toBe(1);
    await done(store().write(ONE, 'another version'));
    expect(heard.hints).toBe(1); // nothing was written
    expect(await listeners()).toBe(0);
    heard.subscription.unsubscribe();
  });

  it('holds no token, and not the key', async () => {
    const table = await tableOfItsOwn();
    const said: string[] = [];
    const client = new Client({ connectionString: server.url });
    await client.connect();
    client.on('notification', ({ payload }) => said.push(payload!));
    const [channel] = await ask<{ channel: string }>(`SELECT 'rx_token_' AS channel`);
    expect(channel).toBeDefined();
    const heard = counting(postgresStore(pool(), 'someone@example.org', { table }));
    await until(() => heard.hints === 1);
    const [{ query }] = (await ask<{ query: string }>(
      `SELECT query FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`,
    )) as [{ query: string }];
    await client.query(query);
    await done(postgresStore(pool(), 'someone@example.org', { table }).write(ONE, ANY_VERSION));
    await until(() => said.length === 1);
    expect(said[0]).toMatch(/^[0-9a-z]+-[0-9a-z]+$/);
    heard.subscription.unsubscribe();
    await client.end();
  });

  it('reaches token$ of a sibling', async () => {
    const table = await tableOfItsOwn();
    const provider = fakeAuthorizationServer();
    const manager = () =>
      createTokenManager({ store: postgresStore(pool(), 'key', { table }), refresh: provider.refresh });
    const [here, there] = [manager(), manager()];
    const tokens: string[] = [];
    there.token$.subscribe((token) => tokens.push(token));
    await here.set(provider.signIn());
    await until(() => tokens.length === 1);
    for (let round = 2; round < 6; round++) {
      await here.renew(tokens.at(-1)!);
      await until(() => tokens.length === round);
    }
    expect(tokens.at(-1)).toBe(await here.getValidToken());
    expect(provider.counters.reuses).toBe(0);
    for (const one of [here, there]) one.dispose();
    await until(async () => (await listeners()) === 0);
  });
});
