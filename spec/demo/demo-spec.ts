import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../helpers/until.js';

const started: ChildProcess[] = [];
const folders: string[] = [];

afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs the demo into a pipe, with tokens of one second and a folder for temporary files of its own. */
function demo(...args: string[]) {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'rx-token-spec-'));
  folders.push(TMPDIR);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'demo/terminal/main.ts', '--lifetime', '1', ...args],
    { env: { ...process.env, TMPDIR }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return {
    child,
    exit: once(child, 'close').then(([code]) => code as unknown),
    said: (text: RegExp) => until(() => text.test(output), 50_000),
    output: () => output,
    /** The processes that it started, and the folders that it made, which are still there. */
    left: () => [
      ...[...output.matchAll(/started, pid (\d+)/g)].map(([, pid]) => Number(pid)).filter(isAlive),
      ...readdirSync(TMPDIR).filter((name) => name.startsWith('rx-token-demo-')),
    ],
  };
}

type Demo = ReturnType<typeof demo>;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function count(output: string, name: string): number {
  const summary = output.slice(output.lastIndexOf('\n3 processes, '));
  const [, value = ''] = new RegExp(`^ *([\\d ]+)  ${name}$`, 'm').exec(summary) ?? [];
  return value === '' ? NaN : Number(value.replaceAll(' ', ''));
}

describe('npm start', () => {
  let whole: Demo, misbehaving: Demo, killed: Demo;

  beforeAll(() => {
    whole = demo('--seconds', '3');
    misbehaving = demo('--misbehave');
    killed = demo();
  });

  it('leaves nothing behind even when it is killed', async () => {
    const { child, said, left } = killed;
    await said(/emitted token a/);
    expect(left()).toHaveLength(4);
    child.kill('SIGKILL');
    await until(() => left().length === 0, 20_000);
  }, 60_000);

  it('fails when the provider has seen a reuse; and ends when it is asked to', async () => {
    const { child, exit, said, output, left } = misbehaving;
    await said(/REUSE/);
    child.kill('SIGINT');
    expect(await exit).toBe(1);
    expect(count(output(), 'reuse seen by the provider')).toBe(1);
    expect(output()).toContain('FAILED: ');
    expect(left()).toEqual([]);
  }, 60_000);

  it('shares one credential among three processes, without a reuse, and leaves nothing behind', async () => {
    const { exit, output, left } = whole;
    expect(await exit).toBe(0);
    expect(count(output(), 'reuse seen by the provider')).toBe(0);
    expect(count(output(), 'refreshes')).toBeGreaterThanOrEqual(1);
    expect(count(output(), 'calls served')).toBeGreaterThan(3000);
    for (const name of ['process 1', 'process 2', 'process 3']) {
      expect(output()).toContain(`${name}  emitted token `);
    }
    expect(output()).toMatch(/process \d {2}did the refresh/);
    expect(output()).toMatch(/process \d {2}adopted a sibling's/);
    expect(output()).not.toContain('\x1b');
    expect(output()).not.toContain('WARNING');
    expect(left()).toEqual([]);
  }, 60_000);
});
