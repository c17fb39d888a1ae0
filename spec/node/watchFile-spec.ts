import { createHook } from 'node:async_hooks';
import { chmodSync, mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Subscription } from 'rxjs';
import { fileStore } from '../../src/node/index.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { tempFolder } from '../helpers/tempFolder.js';
import { until } from '../helpers/until.js';

const RESTAT_MS = 60;
const open: Subscription[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.unsubscribe();
});

function listen(path: string, restatMs = RESTAT_MS) {
  const heard = { count: 0 };
  const subscription = fileStore(path, { restatMs }).changes$.subscribe({
    next: () => heard.count++,
    error: () => (heard.count = NaN),
    complete: () => (heard.count = NaN),
  });
  open.push(subscription);
  return Object.assign(heard, {
    subscription,
    /** Whether a hint comes of `change`. */
    async of(change: () => void) {
      await pause(5); // for what was before
      const before = heard.count;
      change();
      await until(() => heard.count > before);
    },
  });
}

/** A period at which no look comes to help the notifications. */
const NEVER_LOOKS = 60_000;

const ACTOR_RESTAT_MS = 100;
const needsRoot = process.getuid?.() === 0 ? it : it.skip;

/** The watchers of this process, and how many there were. */
const watchers = new Set<number>();
let everMade = 0;
const counting = createHook({
  init(id, type) {
    if (type !== 'FSEVENTWRAP') return;
    watchers.add(id);
    everMade++;
  },
  destroy: (id) => void watchers.delete(id),
});

function bench() {
  const folder = tempFolder();
  return { folder, path: join(folder, 'credentials.json') };
}

/** A file in a folder that a link leads to, and what turns that link. */
function behindAFolderLink() {
  const { folder } = bench();
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'c.json'), name);
  }
  symlinkSync('one', join(folder, 'now'));
  const turn = () => {
    symlinkSync('two', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'now'));
  };
  return { path: join(folder, 'now/c.json'), turn };
}

/** As this library, and as most tools that care, write a file. */
function replace(path: string, content: string): void {
  const temp = join(dirname(path), 'temp');
  writeFileSync(temp, content);
  renameSync(temp, path);
}

describe('changes$ of fileStore', () => {
  it('hears the file made, replaced, written in place and removed, at once', async () => {
    const { path } = bench();
    const heard = listen(path, NEVER_LOOKS);
    await heard.of(() => writeFileSync(path, '1'));
    await heard.of(() => replace(path, '2'));
    await heard.of(() => replace(path, '3'));
    await heard.of(() => writeFileSync(path, '4'));
    await heard.of(() => rmSync(path));
    await heard.of(() => replace(path, '5'));
  });

  it('hears nothing of other files, its own locks and temporary files among them', async () => {
    const { folder, path } = bench();
    writeFileSync(path, '1');
    const heard = listen(path);
    // and nothing when nothing happens, in a folder that is not there either
    const inNoFolder = listen(join(folder, 'none/credentials.json'));
    for (const name of ['other', 'credentials.json.lock', '.credentials.json.set-0.tmp'])
      writeFileSync(join(folder, name), '');
    await pause(3 * RESTAT_MS);
    expect([heard.count, inNoFolder.count]).toEqual([0, 0]);
  });

  it('hears a write that follows at once on subscribing', async () => {
    const { path } = bench();
    const heard = listen(path, NEVER_LOOKS);
    replace(path, '1');
    await until(() => heard.count > 0);
  });

  it('hears another process within 25 ms', async () => {
    const { path } = bench();
    const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path] });
    const delays: number[] = [];
    let heardAt: number | undefined;
    open.push(
      fileStore(path).changes$.subscribe(() => (heardAt ??= performance.timeOrigin + performance.now())),
    );
    for (let round = 0; round < 9; round++) {
      heardAt = undefined;
      const renamedAt = await actor.call<number>('writeTimed', { access_token: `a${round}` });
      await until(() => heardAt !== undefined);
      delays.push(heardAt! - renamedAt);
      await pause(5);
    }
    delays.sort((a, b) => a - b);
    expect(delays[2]).toBeLessThan(25); // a busy machine may delay the others
  });

  it('hears the file that a link leads to, and the link turned, at once', async () => {
    const { folder, path } = bench();
    const real = join(folder, 'elsewhere/real.json');
    mkdirSync(dirname(real));
    writeFileSync(real, '1');
    symlinkSync(real, path);
    const heard = listen(path, NEVER_LOOKS);
    await heard.of(() => replace(real, '2'));
    await heard.of(() => {
      rmSync(path);
      symlinkSync('another', path);
    });
  });

  it('hears, when a link was turned, the file that it leads to now, and no longer the other', async () => {
    const { folder, path } = bench();
    for (const name of ['one', 'two']) mkdirSync(join(folder, name));
    const [one, two] = ['one', 'two'].map((name) => join(folder, name, 'real.json')) as [string, string];
    writeFileSync(one, '1');
    writeFileSync(two, '2');
    symlinkSync(one, path);
    const heard = listen(path, NEVER_LOOKS);
    await heard.of(() => {
      rmSync(path);
      symlinkSync(two, path);
    });
    await heard.of(() => replace(two, '4'));
    const before = heard.count;
    replace(one, '5');
    await pause(30);
    expect(heard.count).toBe(before);
  });

  it('hears a folder on the way turned, which notifies nobody', async () => {
    const { path, turn } = behindAFolderLink();
    listen(path, NEVER_LOOKS).subscription.unsubscribe(); // its period ends with it
    const heard = listen(path);
    await heard.of(turn);
  });

  it('looks as often as each who listens has asked for', async () => {
    const { path, turn } = behindAFolderLink();
    listen(path, NEVER_LOOKS);
    const heard = listen(path);
    await heard.of(turn);
  });

  it('hears at once in a folder that is made later, and made again', async () => {
    const { folder } = bench();
    const path = join(folder, 'not/yet/credentials.json');
    const heard = listen(path, NEVER_LOOKS);
    for (let round = 0; round < 3; round++) {
      await heard.of(() => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '1');
      });
      await pause(5);
      await heard.of(() => replace(path, '2'));
      await heard.of(() => rmSync(round === 1 ? dirname(path) : join(folder, 'not'), { recursive: true }));
      await pause(5);
    }
  });

  it('hears at once in a folder that was empty and is made again, or is replaced', async () => {
    const { folder } = bench();
    const path = join(folder, 'empty/credentials.json');
    mkdirSync(dirname(path));
    const heard = listen(path, NEVER_LOOKS);
    await heard.of(() => rmdirSync(dirname(path)));
    await heard.of(() => mkdirSync(dirname(path)));
    await heard.of(() => writeFileSync(path, '1'));
    await heard.of(() => {
      renameSync(dirname(path), join(folder, 'old'));
      mkdirSync(dirname(path));
    });
    await heard.of(() => writeFileSync(path, '1'));
  });

  it('hints no more at a change that it was notified of, though it also looks', async () => {
    const { path } = bench();
    const heard = listen(path);
    await heard.of(() => replace(path, '1'));
    await pause(10); // a look may come just before the notification, and tell, too
    const { count } = heard;
    expect(count).toBeLessThanOrEqual(2);
    await pause(3 * RESTAT_MS);
    expect(heard.count).toBe(count);
  });

  needsRoot('hears by looking where nothing is notified, and then only what has changed', async () => {
    const { folder, path } = bench();
    chmodSync(folder, 0o711); // others may not watch it
    const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path], uid: 65534 });
    await actor.call('listen');
    await pause(3 * ACTOR_RESTAT_MS);
    expect(actor.tales('hint')).toEqual([]);
    for (const content of ['1', '22']) {
      replace(path, content);
      await actor.told('hint');
    }
    expect(actor.tales('hint')).toHaveLength(2);
    chmodSync(folder, 0o755);
    await pause(3 * ACTOR_RESTAT_MS);
    for (const content of ['1', '22', '333', '4444', '55555']) {
      replace(path, content);
      await pause(20);
    }
    await until(() => actor.tales('hint').length >= 6); // more than looking alone has had time for
    await pause(ACTOR_RESTAT_MS);
    const hints = actor.tales('hint').length;
    expect(hints).toBeLessThanOrEqual(2 + 5 + 3); // a look may come just before a notification, and tell, too
    await pause(3 * ACTOR_RESTAT_MS);
    expect(actor.tales('hint')).toHaveLength(hints);
  });

  it('has one watcher in a process, however many listen, and none when they have left', async () => {
    const { path } = bench();
    counting.enable();
    try {
      const [first, second] = [listen(path), listen(path)];
      for (let round = 0; round < 100; round++) listen(path).subscription.unsubscribe();
      expect(watchers.size).toBe(1);
      first.subscription.unsubscribe();
      for (const content of ['1', '2']) await second.of(() => writeFileSync(path, content));
      expect(everMade).toBe(1);
      second.subscription.unsubscribe();
      await until(() => watchers.size === 0);
      const third = listen(path);
      await third.of(() => writeFileSync(path, '2'));
      expect(watchers.size).toBe(1);
    } finally {
      counting.disable();
    }
  });

  it('keeps no process alive', async () => {
    const { path } = bench();
    const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path] });
    await actor.call('listen');
    actor.call('disconnect').catch(() => undefined);
    await until(() => actor.process.exitCode === 0, 1000);
  });
});
