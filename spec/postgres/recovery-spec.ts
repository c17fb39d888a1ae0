import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { firstValueFrom, from } from 'rxjs';
import { createTokenManager, type TokenManagerConfig } from 'rx-token';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { ANY_VERSION } from '../../src/contracts.js';
import { postgresStore } from '../../src/postgres/index.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { until } from '../helpers/until.js';
import { withPostgres } from '../helpers/withPostgres.js';

await withPostgres('a manager over postgresStore', ({ server, pool, table: tableOfItsOwn, ask }) => {
  const specs = server.isOurs ? it : it.skip; // only ours can be stopped

  async function bench(config: Partial<TokenManagerConfig> & { latencyMs?: number } = {}) {
    const { latencyMs = 0, ...rest } = config;
    const table = await tableOfItsOwn();
    const provider = fakeAuthorizationServer({ rotation: 'strict', latencyMs });
    const manager = () =>
      createTokenManager({
        store: postgresStore(pool({ max: 3 }), 'key', { table }),
        refresh: provider.refresh,
        provider: { name: 'test', reuse: 'strict' },
        ...rest,
      });
    return { table, provider, manager };
  }

  specs('serves a valid token while the server is down, and refreshes when it is back', async () => {
    const { provider, manager } = await bench({ maxWaitMs: 0 });
    const tokens = manager();
    await tokens.set(provider.signIn());
    const first = await tokens.getValidToken();
    await server.stop('immediate');
    try {
      expect(await tokens.getValidToken()).toBe(first);
      const failure = await tokens.renew(first).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: expect.stringMatching(/^store_/) });
      expect(provider.counters.requests).toBe(0); // nothing refreshes without the lock
    } finally {
      await server.start();
    }
    await until(async () => (await tokens.renew(first).catch(() => first)) !== first, 20_000);
    expect(provider.counters).toMatchObject({ requests: 1, reuses: 0 });
    tokens.dispose();
  });

  specs('keeps what it was granted while the server was restarted, and nobody uses the old one', async () => {
    const { provider, manager } = await bench({ latencyMs: 400 });
    const [here, there] = [manager(), manager()];
    await here.set(provider.signIn());
    const seen: string[] = [];
    there.token$.subscribe((token) => seen.push(token));
    const first = await there.getValidToken();
    await until(() => seen.length === 1);
    for (const how of ['fast', 'immediate'] as const) {
      const before = seen.at(-1)!;
      const requests = provider.counters.requests;
      const renewed = here.renew(before);
      await until(() => provider.counters.requests === requests + 1);
      await server.stop(how); // the lock is lost, the request under way
      const stuck = there.renew(before); // waits, and finds what the other one was granted
      stuck.catch(() => undefined);
      await pause(50);
      await server.start();
      const next = await renewed;
      expect(next).not.toBe(before);
      await until(() => seen.at(-1) === next, 30_000);
      expect(await there.getValidToken()).toBe(next);
    }
    expect(seen[0]).toBe(first);
    expect(provider.counters).toMatchObject({ requests: 2, reuses: 0 });
    for (const one of [here, there]) one.dispose();
  });

  specs(
    'keeps what it was granted through a long outage: it is saved before anybody finds the old one',
    async () => {
      const { provider, manager } = await bench({ latencyMs: 200, random: () => 0.999, maxWaitMs: 60_000 });
      const [here, there] = [manager(), manager()];
      await here.set(provider.signIn());
      const first = await there.getValidToken();
      const events: string[] = [];
      here.events$.subscribe(({ type }) => events.push(type));
      const renewed = here.renew(first);
      await until(() => provider.counters.requests === 1);
      await server.stop('immediate');
      expect(await renewed).not.toBe(first); // served from memory
      expect(events).toContain('persist-failed');
      await pause(3_500); // the next attempt to save it is four seconds away
      await server.start();
      expect(
        await until(async () => (await there.renew(first).catch(() => first)) !== first, 30_000),
      ).toBeUndefined();
      expect(await there.getValidToken()).toBe(await here.getValidToken());
      expect(provider.counters).toMatchObject({ requests: 1, reuses: 0 });
      for (const one of [here, there]) one.dispose();
    },
  );

  it('sends nothing when its connection was ended before it could', async () => {
    const { provider, manager, table } = await bench();
    const tokens = manager();
    await tokens.set(provider.signIn());
    const first = await tokens.getValidToken();
    // the journal waits for the row, and the lock is gone meanwhile
    const row = await pool().connect();
    await row.query('BEGIN');
    await row.query(`SELECT FROM ${table} FOR UPDATE`);
    const renewed = tokens.renew(first);
    renewed.catch(() => undefined);
    const journals = async () =>
      (await ask(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH before%'`))
        .length;
    await until(async () => (await journals()) === 1 || provider.counters.requests > 0, 1000).catch(
      () => undefined,
    );
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`);
    await row.query('COMMIT');
    row.release();
    const next = await renewed.catch(async () => {
      await until(async () => (await tokens.renew(first).catch(() => first)) !== first, 20_000);
      return tokens.getValidToken();
    });
    expect(next).not.toBe(first);
    expect(provider.counters).toMatchObject({ requests: 1, reuses: 0 });
    tokens.dispose();
  });

  it('refreshes once, however many machines find the token due', async () => {
    const { provider, manager } = await bench({ latencyMs: 20 });
    const managers = Array.from({ length: 6 }, manager);
    await managers[0]!.set(provider.signIn());
    let token = await managers[0]!.getValidToken();
    for (let round = 1; round <= 5; round++) {
      const renewed = await Promise.all(managers.map((one) => one.renew(token)));
      expect(new Set(renewed).size).toBe(1);
      token = renewed[0]!;
      expect(provider.counters).toMatchObject({ requests: round, reuses: 0 });
    }
    for (const one of managers) one.dispose();
  });

  it('lets a process end that cannot save what it was granted, after a while', async () => {
    const table = await tableOfItsOwn();
    const store = postgresStore(pool(), 'key', { table, listen: false });
    const expired = { access_token: 'access-1', refresh_token: 'refresh-1', expires_at: 1_000_000_000_000 };
    await firstValueFrom(from(store.write(expired, ANY_VERSION)));
    await ask(`CREATE OR REPLACE FUNCTION unsaved() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$`);
    await ask(
      `CREATE TRIGGER unsaved BEFORE UPDATE OF credentials ON "${table}" FOR EACH ROW EXECUTE FUNCTION unsaved()`,
    );
    const actor = await spawnActor('spec/postgres/unsavedActor.ts', { args: [server.url, table, 'key'] });
    expect(await actor.call('token')).toBe('access-2'); // from memory
    const left = new Promise((settle) => actor.process.once('exit', settle));
    actor.call('disconnect').catch(() => undefined);
    expect(await left).toBe(0);
  }, 40_000);
});
