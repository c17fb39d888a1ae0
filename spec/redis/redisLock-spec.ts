import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { firstValueFrom, from, NEVER, type ObservableInput, Subject, type Subscription } from 'rxjs';
import { ANY_VERSION, type CredentialStore, type Lease } from '../../src/contracts.js';
import { createTokenManager, LockTimeoutError } from '../../src/index.js';
import { redisStore } from '../../src/redis/index.js';
import { ACQUIRE, RENEW } from '../../src/redis/scripts.js';
import { clientNames, clients, cuttable } from '../helpers/redisClients.js';
import { itWithOwnRedis, itWithRedis, ownRedis, redisUrl } from '../helpers/redisServer.js';
import { tcpProxy } from '../helpers/tcpProxy.js';
import { until } from '../helpers/until.js';

const signedIn = { access_token: 'access-of-1', refresh_token: 'refresh-of-1' };
const done = (input: ObservableInput<unknown>): Promise<unknown> =>
  firstValueFrom(from(input), { defaultValue: undefined });

let keys = 0;
async function bench({ leaseMs = 60_000, name = clientNames[++keys % 2]! } = {}) {
  const url = await redisUrl();
  const [own, other] = await Promise.all([clients[name](url), clients[name](url)]);
  const key = `lock ${++keys}`;
  const { client, cut } = cuttable(own.client);
  const lock = `{${key}}:lock`;
  return {
    cut,
    lock,
    key,
    send: other.send,
    owner: () => other.send('GET', lock),
    store: redisStore(client, key, { leaseMs, by: 'one' }),
    sibling: redisStore(other.client, key, { leaseMs, by: 'other' }),
  };
}

async function inside(
  store: CredentialStore,
): Promise<{ lease: Lease; turn: Subscription; leave: () => void }> {
  const end$ = new Subject<never>();
  let turn: Subscription | undefined;
  const lease = await new Promise<Lease>((settle, fail) => {
    turn = store.lock
      .hold((given) => {
        settle(given);
        return end$;
      })
      .subscribe({ error: fail });
  });
  return { lease, turn: turn!, leave: () => end$.complete() };
}

describe('the lock of redisStore', () => {
  itWithRedis('tells who holds it and since when, and holds no secret', async () => {
    const { store, sibling } = await bench();
    expect(await done(sibling.lock.holder!())).toBeNull();
    const since = Date.now();
    const { leave } = await inside(store);
    const holder = (await done(sibling.lock.holder!())) as { by: string; since: number };
    expect(holder.by).toBe('one');
    expect(holder.since).toBeGreaterThanOrEqual(since);
    expect(holder.since).toBeLessThanOrEqual(Date.now());
    leave();
    await until(async () => (await done(sibling.lock.holder!())) === null);
  });

  itWithRedis('is let go before anybody hears that its holder is done', async () => {
    const { store, owner } = await bench();
    await done(store.lock.hold(() => from(['done'])));
    const atEnd = new Promise((settle) => {
      store.lock.hold(() => from([])).subscribe({ complete: () => settle(owner()) });
    });
    expect(await atEnd).toBeNull();
  });

  itWithRedis('is renewed for as long as it is held', async () => {
    const { store, send, lock } = await bench({ leaseMs: 2000 });
    const { lease, leave } = await inside(store);
    const began = performance.now();
    await until(() => performance.now() - began > 4500, 10_000); // more than two leases
    expect(lease.signal.aborted).toBe(false);
    expect(lease.remainingMs()).toBeGreaterThan(0);
    expect(Number(await send('PTTL', lock))).toBeGreaterThanOrEqual(lease.remainingMs());
    leave();
  });

  itWithRedis('is taken back, unnoticed, where its key was lost and nobody has come in', async () => {
    const { store, send, lock, owner } = await bench({ leaseMs: 1500 });
    const { lease, leave } = await inside(store);
    const before = await owner();
    await send('DEL', lock);
    await until(async () => (await owner()) === before);
    expect(lease.signal.aborted).toBe(false);
    leave();
    await until(async () => (await owner()) === null);
  });

  itWithRedis(
    'tells its holder, at the next renewal, where its key was lost and another has come in',
    async () => {
      const { store, sibling, send, lock } = await bench({ leaseMs: 1500 });
      const { lease, leave } = await inside(store);
      await send('DEL', lock);
      const { leave: leaveOther } = await inside(sibling);
      await until(() => lease.signal.aborted);
      expect(lease.remainingMs()).toBe(0);
      leave();
      leaveOther();
    },
  );

  itWithRedis('is let go by nobody but its owner', async () => {
    const { store, sibling, send, lock, owner } = await bench();
    const { turn } = await inside(store);
    await send('DEL', lock);
    const { leave } = await inside(sibling);
    const theirs = await owner();
    turn.unsubscribe();
    await done(store.read()); // behind the release, on the same connection
    expect(await owner()).toBe(theirs);
    leave();
  });

  itWithRedis('is not taken back by a renewal that comes in after it was let go', async () => {
    const { store, send, lock, owner, key } = await bench();
    const { leave } = await inside(store);
    const [held, fence] = [String(await owner()), String(await send('HGET', key, 'fence'))];
    const renew = () => send('EVAL', RENEW.lua, '3', key, lock, 'aside', held, fence, '60000');
    expect(await renew()).toBe(1);
    leave();
    await until(async () => (await owner()) === null);
    expect(await renew()).toBe(0);
    expect(await owner()).toBeNull();
  });

  itWithRedis('is not taken back by such a renewal where its key had been lost before, either', async () => {
    const { store, send, lock, owner, key } = await bench();
    const { leave } = await inside(store);
    const [held, fence] = [String(await owner()), String(await send('HGET', key, 'fence'))];
    await send('DEL', lock);
    leave();
    await until(async () => (await send('HGET', key, 'fence')) !== fence);
    expect(await send('EVAL', RENEW.lua, '3', key, lock, 'aside', held, fence, '60000')).toBe(0);
    expect(await owner()).toBeNull();
  });

  itWithRedis(
    'is had by who asks again, though its record was deleted since the answer was lost',
    async () => {
      const { send, lock, key } = await bench();
      const acquire = () => send('EVAL', ACQUIRE.lua, '3', key, lock, 'aside', 'owner', '60000');
      await acquire();
      await send('DEL', key);
      expect(Number(await acquire())).toBeGreaterThan(1_700_000_000);
      await send('DEL', lock);
    },
  );

  itWithRedis('counts each turn, and goes on counting after its record was deleted', async () => {
    const { store, send, key } = await bench();
    const fences: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { leave } = await inside(store);
      fences.push(Number(await send('HGET', key, 'fence')));
      leave();
      if (turn === 1) await send('DEL', key);
    }
    expect(fences[1]).toBeGreaterThan(fences[0]!);
    expect(fences[2]).toBeGreaterThan(1_700_000_000);
  });

  itWithRedis('is given back where it was granted to somebody who had left', async () => {
    const { store, owner, send, key } = await bench();
    const waiting = store.lock.hold(() => NEVER).subscribe();
    waiting.unsubscribe(); // the question is on its way
    await until(async () => Number(await send('HGET', key, 'fence')) > 0);
    await until(async () => (await owner()) === null);
  });

  itWithRedis('is had by the next one when a holder that is gone has not renewed it', async () => {
    const { store, sibling, cut } = await bench({ leaseMs: 600 });
    const { lease } = await inside(store);
    cut(true); // as if killed
    const { leave } = await inside(sibling);
    expect(lease.signal.aborted).toBe(true);
    leave();
    cut(false);
  });
});

describe.each(clientNames)('the lock of redisStore on %s, when a connection breaks', (name) => {
  async function cutBench() {
    const server = await ownRedis();
    const proxy = await tcpProxy(server.port);
    const { client } = await clients[name](proxy.url);
    const { send } = await clients[name](server.url);
    const store = redisStore(client, 'key', { answerMs: 300 });
    await done(store.lock.hold(() => from([1]))); // the scripts are known
    const isTaken = async () => Number(await send('EXISTS', '{key}:lock')) === 1;
    await until(async () => !(await isTaken()));
    const hold = () => done(store.lock.hold(() => from([1]))).catch((error: unknown) => error);
    /** Resolves when the client has a connection again, and the server has answered what it was sent again. */
    const reached = () =>
      until(() =>
        done(store.read()).then(
          () => true,
          () => false,
        ),
      );
    return { proxy, hold, isTaken, reached };
  }

  itWithOwnRedis('is not taken later, by nobody, where it was asked for in vain', async () => {
    const { proxy, hold, isTaken, reached } = await cutBench();
    proxy.state.keepsRequests = true;
    const asked = hold();
    await pause(50); // it is on its way
    proxy.cut({ refuses: true });
    expect(await asked).toMatchObject({ code: 'store_unwritable' });
    await pause(500); // longer than a release would be waited for
    proxy.cut();
    await reached();
    await until(async () => !(await isTaken()));
  });

  itWithOwnRedis(
    'is given back, where it was granted and nobody was told, when there is a connection',
    async () => {
      const { proxy, hold, isTaken, reached } = await cutBench();
      proxy.state.keepsAnswers = true;
      const asked = hold();
      await until(isTaken);
      proxy.cut({ refuses: true });
      expect(await asked).toMatchObject({ code: 'store_unwritable' });
      await pause(500);
      expect(await isTaken()).toBe(true);
      proxy.cut();
      await reached();
      await until(async () => !(await isTaken()));
    },
  );
});

describe('a holder of redisStore that was paused beyond its lease', () => {
  async function lapsed() {
    const stage = await bench({ leaseMs: 600 });
    const { store, sibling, cut } = stage;
    const { snapshot } = (await done(store.write(signedIn, ANY_VERSION))) as {
      snapshot: { credentials: typeof signedIn; version: string };
    };
    const { lease } = await inside(store);
    cut(true);
    const next = await inside(sibling);
    cut(false);
    return { ...stage, lease, next, snapshot };
  }

  itWithRedis('is told so before it sends, and changes nothing', async () => {
    const { lease, snapshot, sibling, next } = await lapsed();
    const error = await done(lease.prepare(snapshot.credentials, snapshot.version, 1, 2)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(LockTimeoutError);
    expect((error as Error).message).toMatch(/lapsed/);
    expect(await done(sibling.read())).not.toHaveProperty('pending');
    next.leave();
  });

  itWithRedis('neither strikes out the journal of the next one, nor marks its token as dead', async () => {
    const { lease, next, snapshot, sibling } = await lapsed();
    await done(next.lease.prepare(snapshot.credentials, snapshot.version, 1, 2));
    await done(lease.acquit());
    await done(lease.condemn(snapshot.credentials));
    const found = (await done(sibling.read())) as { pending?: object; dead?: boolean };
    expect(found.pending).toMatchObject({ by: 'other', sentAt: 1, until: 2 });
    expect(found).not.toHaveProperty('dead');
    next.leave();
  });

  itWithRedis('overwrites nothing that is newer', async () => {
    const { store, sibling, next, snapshot } = await lapsed();
    const newer = { access_token: 'access-of-2', refresh_token: 'refresh-of-2' };
    await done(sibling.write(newer, snapshot.version));
    const late = { access_token: 'access-of-3', refresh_token: 'refresh-of-3' };
    expect(await done(store.write(late, snapshot.version))).toMatchObject({
      written: false,
      snapshot: { credentials: newer },
    });
    next.leave();
  });
});

describe('a journal of redisStore', () => {
  itWithRedis(
    'keeps what an earlier holder wrote of the same tokens, when a later attempt certainly failed',
    async () => {
      const { store, sibling } = await bench();
      const { snapshot } = (await done(store.write(signedIn, ANY_VERSION))) as {
        snapshot: { credentials: typeof signedIn; version: string };
      };
      const first = await inside(store);
      await done(first.lease.prepare(snapshot.credentials, snapshot.version, 1, 2));
      first.leave();
      const second = await inside(sibling);
      await done(second.lease.prepare(snapshot.credentials, snapshot.version, 3, 4));
      await done(second.lease.acquit());
      expect(await done(sibling.read())).toMatchObject({ pending: { by: 'one', sentAt: 1, until: 2 } });
      second.leave();
    },
  );

  itWithOwnRedis.each(clientNames)(
    'is struck out by a certain failure, also where it was written twice because the answer was lost, on %s',
    async (name) => {
      const server = await ownRedis();
      const proxy = await tcpProxy(server.port);
      const [own, other] = [await clients[name](proxy.url), await clients[name](server.url)];
      const store = redisStore(own.client, 'key');
      const sibling = redisStore(other.client, 'key');
      const pending = async () => ((await done(sibling.read())) as { pending?: object }).pending;
      const { snapshot } = (await done(store.write(signedIn, ANY_VERSION))) as {
        snapshot: { credentials: typeof signedIn; version: string };
      };
      const prepare = ({ lease }: { lease: Lease }, sentAt: number) =>
        done(lease.prepare(snapshot.credentials, snapshot.version, sentAt, sentAt + 1));
      const first = await inside(store);
      await prepare(first, 1); // the server gets to know the script
      await done(first.lease.acquit());
      first.leave();

      const second = await inside(store);
      proxy.state.losingAnswerOf = '"sentAt":3';
      const prepared = prepare(second, 3);
      await until(async () => (await pending()) !== undefined);
      proxy.cut();
      await prepared;
      await done(second.lease.acquit());
      expect(await pending()).toBeUndefined();
      second.leave();
    },
  );
});

describe('a manager whose lease lapses', () => {
  itWithRedis('sends nothing, though its own token has ended', async () => {
    const { store, sibling, send, lock } = await bench();
    let requests = 0;
    const spoiled: CredentialStore = {
      ...store,
      lock: {
        ...store.lock,
        hold: (critical) =>
          store.lock.hold((lease) =>
            critical({
              ...lease,
              prepare: (...journal) =>
                from(
                  (async () => {
                    await send('DEL', lock);
                    await inside(sibling);
                    return done(lease.prepare(...journal));
                  })(),
                ),
              remainingMs: () => lease.remainingMs(),
            }),
          ),
      },
    };
    const tokens = createTokenManager({
      store: spoiled,
      refresh: () => {
        requests++;
        return { access_token: 'another' };
      },
      maxWaitMs: 0,
    });
    await tokens.set({ ...signedIn, expires_at: 1 });
    const error = await tokens.getValidToken().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LockTimeoutError);
    expect(requests).toBe(0);
    tokens.dispose();
  });
});
