import { spawn } from 'node:child_process';
import { expect, it } from '@jest/globals';

/** A short version of `npm run chaos`: real processes that are killed, paused and out of disk, in 20 seconds. */
it('nothing is lost when processes are killed, paused or out of disk', async () => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'bench/chaos/main.ts', '--seconds', '10', '--processes', '6'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise((settle) => child.once('close', settle));
  const table = said.slice(Math.max(0, said.search(/^(met|VIOLATED) +\S/m)));
  console.info(table);

  expect({ code, table }).toEqual({ code: 0, table: expect.stringContaining('7 of 7 targets met') });
}, 180_000);
