import { spawn } from 'node:child_process';
import { expect } from '@jest/globals';
import { itWithOwnRedis } from '../helpers/redisServer.js';

/** A short version of `npm run chaos -- --store redis`: what depends least on how busy the machine is. */
itWithOwnRedis(
  'nothing is lost when the server is killed, connections are cut and holders paused',
  async () => {
    const chosen = ['once', 'restart', 'cut', 'pause'].flatMap((name) => ['--only', name]);
    const options = ['--store', 'redis', '--seconds', '12', '--processes', '4', ...chosen];
    const child = spawn(process.execPath, ['--import', 'tsx', 'bench/chaos/main.ts', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const code = await new Promise((settle) => child.once('close', settle));
    const table = said.slice(Math.max(0, said.search(/^(met|VIOLATED) +\S/m)));
    console.info(table);

    expect({ code, table }).toEqual({ code: 0, table: expect.stringContaining('4 of 4 targets met') });
  },
  180_000,
);
