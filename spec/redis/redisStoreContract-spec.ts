import { describe, it } from '@jest/globals';
import { noop } from 'rxjs';
import { redisStore } from '../../src/redis/index.js';
import { storeContract } from '../../src/testing/index.js';
import { type Client, clientNames, clients, cuttable } from '../helpers/redisClients.js';
import { itWithRedis, redisUrl } from '../helpers/redisServer.js';
import { until } from '../helpers/until.js';

let keys = 0;

describe.each(clientNames)('redisStore on %s', (name) => {
  let both: Promise<readonly [Client, Client]> | undefined;
  const connected = async () => {
    const url = await redisUrl();
    return Promise.all([clients[name](url), clients[name](url)] as const);
  };

  const contract = storeContract({
    async create() {
      const [one, other] = await (both ??= connected());
      const key = `contract of ${name}: {${++keys}}`;
      const { client, cut } = cuttable(one.client);
      const options = { leaseMs: 1500 };
      const lock = () => other.send('GET', `${key}:lock`);
      return {
        store: redisStore(client, key, options),
        sibling: redisStore(other.client, key, options),
        reopen: () => redisStore(one.client, key, options),
        async lapse() {
          const owner = await lock();
          cut(true);
          await until(async () => (await lock()) !== owner);
          cut(false);
        },
        async disturb() {
          await other.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await one.send('CLIENT', 'PAUSE', '100');
          return noop;
        },
        dispose: () => other.send('DEL', key, `${key}:lock`),
      };
    },
    lossy: true,
    deadlineMs: 15_000,
    cannot: { synchronousLock: 'the server is asked through a connection' },
  });
  for (const law of contract) itWithRedis(law.name, law.run);
  for (const law of contract.notApplicable) it.skip(`${law.name} (${law.reason})`, noop);
});
