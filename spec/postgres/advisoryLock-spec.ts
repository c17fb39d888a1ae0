import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { firstValueFrom, from, lastValueFrom, of, tap, type ObservableInput } from 'rxjs';
import { ANY_VERSION } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { postgresStore } from '../../src/postgres/index.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { until } from '../helpers/until.js';
import { waitFor } from '../helpers/waiter.js';
import { withPostgres } from '../helpers/withPostgres.js';

const ACTOR = 'spec/postgres/postgresStoreActor.ts';
const ONE: Credentials = { access_token: 'a1', refresh_token: 'r1' };
const TWO: Credentials = { access_token: 'a2', refresh_token: 'r2' };
const now = () => performance.timeOrigin + performance.now();
const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });

await withPostgres('the lock of postgresStore', ({ server, pool, table: tableOfItsOwn, ask, fullDisk }) => {
  async function bench() {
    const table = await tableOfItsOwn();
    const store = (max = 3) => postgresStore(pool({ max }), 'key', { table });
    return {
      table,
      store,
      take: () => waitFor(store()),
      actor: () => spawnActor(ACTOR, { args: [server.url, table, 'key'] }),
    };
  }

  /** Connections that are in the middle of a transaction of ours. */
  const inside = async (): Promise<number> =>
    (
      await ask(
        `SELECT FROM pg_stat_activity WHERE application_name LIKE 'rx-token pid%' AND xact_start IS NOT NULL`,
      )
    ).length;
  /** Backends that stand in the queue for a lock. */
  const queueing = async (): Promise<number> =>
    (await ask(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).length;
  const terminate = (where: string) =>
    ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${where}`);
  const holders = `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`;

  it('is handed over at once', async () => {
    const { take } = await bench();
    const delays: number[] = [];
    let holder = take();
    await until(() => holder.at > 0);
    for (let round = 0; round < 9; round++) {
      const next = take();
      await until(async () => (await queueing()) === 1);
      const leftAt = now();
      holder.subscription.unsubscribe();
      await until(() => next.at > 0);
      delays.push(next.at - leftAt);
      holder = next;
    }
    holder.subscription.unsubscribe();
    expect(delays.sort((a, b) => a - b)[2]).toBeLessThan(50); // a busy machine may delay the others
  });

  it('lets the next in at once when the process of its holder is killed', async () => {
    const { actor, take } = await bench();
    const delays: number[] = [];
    for (let round = 0; round < 3; round++) {
      const holder = await actor();
      await holder.call('hold');
      const waiter = take();
      await until(async () => (await queueing()) === 1);
      const killedAt = now();
      await holder.kill();
      await until(() => waiter.at > 0);
      delays.push(waiter.at - killedAt);
      waiter.subscription.unsubscribe();
    }
    expect(Math.min(...delays)).toBeLessThan(200);
  });

  it('stays with a holder that is stopped, for as long as it is', async () => {
    const { actor, take, table } = await bench();
    await ask(`ALTER ROLE current_user SET idle_in_transaction_session_timeout = 200`);
    await ask(`ALTER ROLE current_user SET transaction_timeout = 200`);
    try {
      const holder = await actor();
      await holder.call('hold');
      await holder.kill('SIGSTOP');
      const waiter = take();
      await pause(6_000); // more than any wait, and more than those timeouts
      expect(waiter.at).toBe(0);
      await holder.kill('SIGCONT');
      await pause(50);
      expect(waiter.at).toBe(0);
      await holder.call('release');
      await until(() => waiter.at > 0);
      waiter.subscription.unsubscribe();
      expect(table).toBeDefined();
    } finally {
      await ask(`ALTER ROLE current_user RESET ALL`);
    }
  });

  it('tells its holder that it is lost, and the next gets in, when its connection is ended', async () => {
    const { take } = await bench();
    const holder = take();
    await until(() => holder.at > 0);
    const waiter = take();
    await until(async () => (await queueing()) === 1);
    await terminate(holders);
    await until(() => waiter.at > 0);
    await until(() => holder.lease!.signal.aborted);
    expect(holder.lease!.remainingMs()).toBe(0);
    expect(waiter.lease!.remainingMs()).toBe(Infinity);
    waiter.subscription.unsubscribe();
    holder.subscription.unsubscribe();
  });

  it('has nothing journalled, and so nothing sent, by who does not hold it any more', async () => {
    const { store } = await bench();
    const [here, there] = [store(), store()];
    const { version } = (await done(here.write(ONE, ANY_VERSION))).snapshot;
    const holder = waitFor(here);
    await until(() => holder.at > 0);
    await terminate(holders);
    const next = waitFor(there);
    await until(() => next.at > 0);
    await expect(done(holder.lease!.prepare(ONE, version, 5, Date.now() + 30_000))).rejects.toMatchObject({
      code: 'store_unwritable',
    });
    expect(holder.lease!.signal.aborted).toBe(true);
    expect((await done(there.read())).pending).toBeUndefined();
    await done(next.lease!.prepare(ONE, version, 5, Date.now() + 30_000));
    expect((await done(here.read())).pending).toMatchObject({
      sentAt: 5,
      by: expect.stringMatching(/^pid \d+ at 127\.0\.0\.1$/),
    });
    for (const { subscription } of [holder, next]) subscription.unsubscribe();
  });

  it('is told from a table that cannot be written: nobody sends who cannot tell whether it is theirs', async () => {
    const { store, table } = await bench();
    const here = store();
    const { version } = (await done(here.write(ONE, ANY_VERSION))).snapshot;
    const holder = waitFor(here);
    await until(() => holder.at > 0);
    const prepared = () => done(holder.lease!.prepare(ONE, version, 5, Date.now() + 30_000));

    await fullDisk(table, async () => {
      await expect(prepared()).rejects.toMatchObject({ code: 'store_unwritable', reason: '53100' });
    });
    expect(holder.lease!.signal.aborted).toBe(false);
    await prepared();

    await ask(`ALTER TABLE ${table} RENAME TO ${table}_gone`); // who is inside is in nobody's way
    await expect(prepared()).rejects.toMatchObject({ reason: '42P01' });
    await ask(`ALTER TABLE ${table}_gone RENAME TO ${table}`);
    expect(holder.lease!.signal.aborted).toBe(true); // a lock of this table
    holder.subscription.unsubscribe();
  });

  it('waits a little for a holder that has vanished after it journalled, and lives', async () => {
    const { store } = await bench();
    const [here, there] = [store(), store()];
    const { version } = (await done(here.write(ONE, ANY_VERSION))).snapshot;
    const holder = waitFor(here);
    await until(() => holder.at > 0);
    await done(holder.lease!.prepare(ONE, version, Date.now(), Date.now() + 30_000));
    const waiter = waitFor(there);
    await until(async () => (await queueing()) === 1);
    await terminate(holders);
    await until(() => holder.lease!.signal.aborted);
    await pause(300);
    expect(waiter.at).toBe(0);
    await done(here.write(TWO, version)); // the answer has come
    const writtenAt = now();
    await until(() => waiter.at > 0);
    expect(waiter.at - writtenAt).toBeLessThan(2000); // and not the three seconds
    waiter.subscription.unsubscribe();
    holder.subscription.unsubscribe();
  });

  it('waits no longer than that, all who wait together, and not once more', async () => {
    const { actor, store, take } = await bench();
    const { version } = (await done(store().write(ONE, ANY_VERSION))).snapshot;
    const holder = await actor();
    await holder.call('hold');
    await holder.call('prepare', ONE, version, Date.now(), Date.now() + 30_000);
    const vanishedAt = now();
    await holder.kill();
    const first = await actor();
    first.call('hold').catch(() => undefined); // it waits, and is killed meanwhile
    await until(async () => (await inside()) === 1);
    await pause(1_000);
    await first.kill();
    const second = take();
    await until(() => second.at > 0, 20_000);
    expect(second.at - vanishedAt).toBeGreaterThan(2_500);
    await done(second.lease!.prepare(ONE, version, Date.now(), Date.now() + 30_000));
    const third = take();
    await until(async () => (await queueing()) === 1);
    await terminate(holders); // the second vanishes, too, with the same tokens
    const vanishedAgainAt = now();
    await until(() => third.at > 0);
    expect(third.at - vanishedAgainAt).toBeLessThan(2_000);
    for (const { subscription } of [second, third]) subscription.unsubscribe();
  });

  it('waits no longer where the clock of the server was set back meanwhile, as by a failover', async () => {
    const { actor, store, take, table } = await bench();
    const { version } = (await done(store().write(ONE, ANY_VERSION))).snapshot;
    const holder = await actor();
    await holder.call('hold');
    await holder.call('prepare', ONE, version, Date.now(), Date.now() + 30_000);
    await holder.kill();
    const anHourAhead = Date.now() + 3_600_000;
    await ask(
      `UPDATE ${table} SET notes = jsonb_set(notes, '{lease,since}', to_jsonb(${anHourAhead}::bigint))`,
    );
    const next = take();
    await until(() => next.at > 0, 10_000);
    next.subscription.unsubscribe();
  });

  it('does not wait for who has left in good order, nor for a journal that is void', async () => {
    const { store, actor, take } = await bench();
    const { version } = (await done(store().write(ONE, ANY_VERSION))).snapshot;
    const holder = await actor();
    await holder.call('hold');
    await holder.call('prepare', ONE, version, Date.now(), Date.now() + 30_000);
    await holder.call('release'); // the answer was lost, and that is known
    const leftAt = now();
    const next = take();
    await until(() => next.at > 0);
    expect(next.at - leftAt).toBeLessThan(2000);
    next.subscription.unsubscribe();

    await holder.call('hold');
    await holder.call('prepare', ONE, version, Date.now(), Date.now() + 30_000);
    await done(store().write(TWO, ANY_VERSION));
    await holder.kill();
    const killedAt = now();
    const last = take();
    await until(() => last.at > 0);
    expect(last.at - killedAt).toBeLessThan(2000);
    last.subscription.unsubscribe();
  });

  it('keeps nobody from the table, not even a migration', async () => {
    const { store, table } = await bench();
    const here = store();
    const { version } = (await done(here.write(ONE, ANY_VERSION))).snapshot;
    const holder = waitFor(here);
    await until(() => holder.at > 0);
    await done(holder.lease!.prepare(ONE, version, 5, 9));
    await ask(`ALTER TABLE ${table} ADD COLUMN theirs int`);
    expect((await done(here.write(TWO, version))).written).toBe(true);
    holder.subscription.unsubscribe();
  });

  it('goes to the next when a process gets it that was stopped while it waited', async () => {
    const { actor, take } = await bench();
    const holder = take();
    await until(() => holder.at > 0);
    const stopped = await actor();
    const entered = stopped.call('hold');
    await until(async () => (await queueing()) === 1);
    await stopped.kill('SIGSTOP');
    holder.subscription.unsubscribe();
    const next = take(); // after the five seconds that the server gives the other one
    await until(() => next.at > 0, 20_000);
    await stopped.kill('SIGCONT');
    await pause(100);
    next.subscription.unsubscribe();
    await entered; // it had never been inside
    expect(stopped.tales('lost')).toEqual([]);
  });

  it('leaves no ghost when its only waiter leaves, whenever it does', async () => {
    const { actor, store } = await bench();
    const here = store();
    const holder = await actor();
    await holder.call('hold');
    for (let ms = 0; ms < 10; ms++) {
      const waiter = waitFor(here);
      await pause(ms);
      waiter.subscription.unsubscribe();
    }
    await until(async () => (await queueing()) === 0);
    await holder.call('release');
    for (let ms = 0; ms < 10; ms++) {
      const hasty = waitFor(here); // free now: it may leave just when it gets in
      await pause(ms / 2);
      hasty.subscription.unsubscribe();
    }
    await until(async () => (await inside()) === 0);
    await holder.call('hold');
  });

  it('says who holds it', async () => {
    const { store, actor } = await bench();
    const here = store();
    expect(await done(here.lock.holder!())).toBeNull();
    const holder = await actor();
    const before = Date.now();
    await holder.call('hold');
    const found = await done(here.lock.holder!());
    expect(found?.by).toBe(`rx-token pid ${holder.process.pid} at 127.0.0.1`);
    expect(Math.abs(found!.since - before)).toBeLessThan(5000);
    await holder.kill();
    await until(async () => (await done(here.lock.holder!())) === null);
  });

  it('is one lock by whatever path the table is named, and another for each table and key', async () => {
    const { table } = await bench();
    const other = await tableOfItsOwn();
    const options = (named: string) => ({ table: named });
    const first = waitFor(postgresStore(pool(), 'key', options(table)));
    await until(() => first.at > 0);
    const same = waitFor(postgresStore(pool(), 'key', options(`public.${table}`)));
    await until(async () => (await queueing()) === 1);
    const others = [
      waitFor(postgresStore(pool(), 'key ', options(table))),
      waitFor(postgresStore(pool(), 'key', options(other))),
    ];
    await until(() => others.every(({ at }) => at > 0));
    expect(same.at).toBe(0);
    for (const { subscription } of [first, same, ...others]) subscription.unsubscribe();
  });

  it.each([2, 3])(
    'never runs out of connections: a pool of %d, 20 keys that refresh at once',
    async (max) => {
      const { table } = await bench();
      const small = pool({ max });
      let most = 0;
      const refreshed = Array.from({ length: 20 }, async (_, nth) => {
        const store = postgresStore(small, `key ${nth}`, { table });
        const { version } = (await done(store.write(ONE, ANY_VERSION))).snapshot;
        const refresh$ = store.lock.hold((lease) => from(refresh(lease)));
        async function refresh(lease: NonNullable<ReturnType<typeof waitFor>['lease']>) {
          most = Math.max(most, await inside());
          await done(lease.prepare(ONE, version, 5, Date.now() + 30_000));
          await pause(5);
          return done(store.write(TWO, version));
        }
        return lastValueFrom(refresh$);
      });
      expect((await Promise.all(refreshed)).map(({ written }) => written)).toEqual(Array(20).fill(true));
      expect(most).toBe(max - 1);
    },
  );

  it('lets other keys pass those whose lock is held elsewhere', async () => {
    const { table } = await bench();
    const elsewhere = pool();
    const held = Array.from({ length: 4 }, (_, nth) =>
      waitFor(postgresStore(elsewhere, `held ${nth}`, { table })),
    );
    await until(() => held.every(({ at }) => at > 0));
    const small = pool({ max: 2 });
    const stuck = held.map((_, nth) => waitFor(postgresStore(small, `held ${nth}`, { table })));
    await until(async () => (await queueing()) === 1);
    let passed = 0;
    const free = Array.from({ length: 3 }, (_, nth) =>
      lastValueFrom(
        postgresStore(small, `free ${nth}`, { table }).lock.hold(() => of(null).pipe(tap(() => passed++))),
      ),
    );
    await Promise.all(free);
    expect(passed).toBe(3);
    expect(stuck.map(({ at }) => at)).toEqual([0, 0, 0, 0]);
    for (const { subscription } of [...held, ...stuck]) subscription.unsubscribe();
  });

  it('keeps a process that waits for it alive, and one that does not, not', async () => {
    const { actor } = await bench();
    const [holder, waiter] = await Promise.all([actor(), actor()]);
    await holder.call('hold');
    waiter.call('hold').catch(() => undefined); // its channel is closed when it could answer
    waiter.call('disconnect').catch(() => undefined);
    await pause(300);
    expect(waiter.process.exitCode).toBeNull();
    await holder.kill();
    await until(async () => (await inside()) === 1);
    expect(waiter.process.exitCode).toBeNull(); // inside
    const idle = await actor();
    await idle.call('listen');
    await idle.call('read');
    idle.call('disconnect').catch(() => undefined);
    await until(() => idle.process.exitCode === 0, 20_000);
  });
});
