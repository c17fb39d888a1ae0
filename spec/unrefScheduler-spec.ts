import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { build } from 'esbuild';
import { asyncScheduler, firstValueFrom, timer } from 'rxjs';
import { unrefScheduler } from '../src/unrefScheduler.js';

/** Runs a script in a process of its own, which may import from `src`: its exit code, and what it prints. */
async function run(script: string): Promise<[code: number | null, printed: string]> {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    platform: 'node',
  });
  const child = spawn(process.execPath, ['-'], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 10_000 });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  child.stdin.end(outputFiles[0]!.text);
  const code = await new Promise<number | null>((settle) => child.on('close', settle));
  return [code, printed];
}

const script = (scheduler: string) => `
  import { asyncScheduler, timer } from 'rxjs';
  import { unrefScheduler } from './src/unrefScheduler.js';
  timer(${scheduler === 'unrefScheduler' ? 60_000 : 50}, ${scheduler}).subscribe(() => console.log('waited'));
  process.on('exit', () => console.log('exit'));
`;

describe('unrefScheduler', () => {
  it('keeps no process alive', async () => {
    expect(await run(script('unrefScheduler'))).toEqual([0, 'exit\n']);
  });

  it('is unlike the asyncScheduler in that', async () => {
    expect(await run(script('asyncScheduler'))).toEqual([0, 'waited\nexit\n']);
  });

  it('does its work after the delay', async () => {
    const before = performance.now();
    await Promise.all([firstValueFrom(timer(20, unrefScheduler)), pause(30)]);
    expect(performance.now() - before).toBeGreaterThan(19);
  });

  it('hands on the state, and no delay is at once, but not synchronously', async () => {
    const seen: unknown[] = [];
    unrefScheduler.schedule((state) => seen.push(state), undefined, 'state');
    expect(seen).toEqual([]);
    await pause(5);
    expect(seen).toEqual(['state']);
  });

  it('does nothing when it is left before', async () => {
    const seen: unknown[] = [];
    const left = timer(5, unrefScheduler).subscribe((value) => seen.push(value));
    unrefScheduler.schedule(() => seen.push('work'), 5).unsubscribe();
    left.unsubscribe();
    await pause(15);
    expect(seen).toEqual([]);
  });

  it('has the clock of the asyncScheduler', () => {
    const clock = jest.spyOn(asyncScheduler, 'now').mockReturnValue(7);
    expect(unrefScheduler.now()).toBe(7);
    clock.mockRestore();
  });

  it('works where timers are numbers, as in browsers', () => {
    const given = jest.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never);
    const taken = jest.spyOn(globalThis, 'clearTimeout').mockReturnValue(undefined);
    unrefScheduler.schedule(() => undefined, 5).unsubscribe();
    expect(given).toHaveBeenCalledWith(expect.any(Function), 5);
    expect(taken).toHaveBeenCalledWith(7);
    given.mockRestore();
    taken.mockRestore();
  });
});
