import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { firstValueFrom, from, type ObservableInput, Subscription } from 'rxjs';
import { ANY_VERSION } from '../../src/contracts.js';
import { redisStore } from '../../src/redis/index.js';
import { clientNames, clients } from '../helpers/redisClients.js';
import { itWithOwnRedis, ownRedis } from '../helpers/redisServer.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { tcpProxy } from '../helpers/tcpProxy.js';
import { until } from '../helpers/until.js';

const done = (input: ObservableInput<unknown>): Promise<unknown> => firstValueFrom(from(input));
const someone = { access_token: 'access-of-1', refresh_token: 'refresh-of-1' };

describe.each(clientNames)('what redisStore hears through %s', (name) => {
  async function bench() {
    const server = await ownRedis();
    const own = await clients[name](server.url);
    const other = await clients[name](server.url);
    const listeners = async (): Promise<number> => {
      const list = String(await other.send('CLIENT', 'LIST', 'TYPE', 'pubsub'));
      return list.split('\n').filter(Boolean).length;
    };
    const channels = async (): Promise<number> =>
      ((await other.send('PUBSUB', 'CHANNELS')) as string[]).length;
    return { server, own, other, listeners, channels };
  }

  itWithOwnRedis('comes over one connection for all keys, which is closed when nobody listens', async () => {
    const { own, other, listeners, channels } = await bench();
    const listening = new Subscription();
    const heard = new Set<number>();
    for (let nth = 0; nth < 1000; nth++) {
      const { changes$ } = redisStore(own.client, `key ${nth}`);
      listening.add(changes$.subscribe(() => heard.add(nth)));
      if (nth % 10 === 0) listening.add(changes$.subscribe());
    }
    await until(async () => (await channels()) === 1000, 20_000);
    expect(await listeners()).toBe(1);

    await until(() => heard.size === 1000); // each has begun to listen
    heard.clear();
    for (const nth of [0, 500, 999])
      await done(redisStore(other.client, `key ${nth}`).write(someone, ANY_VERSION));
    await until(() => heard.size === 3);
    expect([...heard].sort((a, b) => a - b)).toEqual([0, 500, 999]);

    listening.unsubscribe();
    await until(async () => (await listeners()) === 0);
  });

  itWithOwnRedis('ends for one key when its last subscriber leaves, and goes on for the others', async () => {
    const { own, channels, listeners } = await bench();
    const [one, another] = ['one', 'another'].map((key) => redisStore(own.client, key).changes$);
    const first = one!.subscribe();
    const second = one!.subscribe();
    const third = another!.subscribe();
    await until(async () => (await channels()) === 2);
    first.unsubscribe();
    await done(redisStore(own.client, 'one').write(someone, ANY_VERSION));
    expect(await channels()).toBe(2);
    second.unsubscribe();
    await until(async () => (await channels()) === 1);
    expect(await listeners()).toBe(1);
    third.unsubscribe();
    await until(async () => (await listeners()) === 0);
  });

  itWithOwnRedis('goes on for who comes back at once after the last one has left', async () => {
    const { own, other, channels } = await bench();
    const another = redisStore(own.client, 'another').changes$.subscribe(); // keeps the connection
    const { changes$ } = redisStore(own.client, 'key');
    const first = changes$.subscribe();
    await until(async () => (await channels()) === 2);
    first.unsubscribe();
    let hints = 0;
    const again = changes$.subscribe(() => hints++);
    await until(() => hints === 1);
    await done(redisStore(other.client, 'key').write(someone, ANY_VERSION));
    await until(() => hints === 2);
    for (const subscription of [another, again]) subscription.unsubscribe();
  });

  itWithOwnRedis(
    'goes on for who comes back before the server has said that the last one is gone',
    async () => {
      const server = await ownRedis();
      const proxy = await tcpProxy(server.port);
      const [own, other] = [await clients[name](proxy.url), await clients[name](server.url)];
      const isHeard = async () =>
        ((await other.send('PUBSUB', 'CHANNELS', '{key}:*')) as string[]).length > 0;
      let others = 0;
      redisStore(own.client, 'another').changes$.subscribe(() => others++); // keeps the connection
      await until(() => others > 0);
      const { changes$ } = redisStore(own.client, 'key');
      proxy.state.answerMs = 200;
      const first = changes$.subscribe();
      await pause(100);
      first.unsubscribe(); // before the server has answered
      await pause(150); // that it was subscribed to is known, that it is not any more is not yet
      let hints = 0;
      const again = changes$.subscribe(() => hints++);
      await until(() => hints === 1);
      expect(await isHeard()).toBe(true);
      await done(redisStore(other.client, 'key').write(someone, ANY_VERSION));
      await until(() => hints === 2);
      again.unsubscribe();
    },
  );

  itWithOwnRedis(
    'hints that something may have been missed, when the connection was cut and stands again',
    async () => {
      const { own, other, listeners } = await bench();
      let hints = 0;
      const listening = redisStore(own.client, 'key').changes$.subscribe(() => hints++);
      await until(() => hints === 1);
      await other.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(() => hints === 2, 15_000);
      expect(await listeners()).toBe(1);
      await done(redisStore(other.client, 'key').write(someone, ANY_VERSION));
      await until(() => hints === 3);
      listening.unsubscribe();
    },
  );

  itWithOwnRedis('goes on after the server was away', async () => {
    const { server, own, other } = await bench();
    let hints = 0;
    const listening = redisStore(own.client, 'key').changes$.subscribe(() => hints++);
    await until(() => hints === 1);
    await server.kill();
    await server.start();
    await until(() => hints === 2, 20_000);
    await until(
      () =>
        done(redisStore(other.client, 'key').write(someone, ANY_VERSION)).then(
          () => true,
          () => false,
        ),
      15_000,
    );
    await until(() => hints >= 3);
    listening.unsubscribe();
  });

  itWithOwnRedis('says nothing to those who watch the record when the lock is let go', async () => {
    const { own, other } = await bench();
    const hints: unknown[] = [];
    const listening = redisStore(own.client, 'key').changes$.subscribe((hint) => hints.push(hint));
    await until(() => hints.length === 1);
    await done(redisStore(other.client, 'key').lock.hold(() => from([1])));
    await done(redisStore(other.client, 'key').write(someone, ANY_VERSION));
    await until(() => hints.length === 2);
    expect(JSON.stringify(hints)).not.toMatch(/access-of|refresh-of|freed/);
    listening.unsubscribe();
  });

  itWithOwnRedis('ends with its client, and keeps no process alive', async () => {
    const { server, listeners } = await bench();
    const actor = await spawnActor('spec/redis/idleActor.ts', { args: [server.url, name] });
    await until(async () => (await listeners()) === 1);
    const ended = new Promise((settle) => actor.process.once('exit', settle));
    actor.process.send('end');
    expect(await ended).toBe(0);
    await until(async () => (await listeners()) === 0);
  });
});
