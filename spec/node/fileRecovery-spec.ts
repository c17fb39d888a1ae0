import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { concatMap, EMPTY, firstValueFrom, from, of, type ObservableInput } from 'rxjs';
import { ANY_VERSION, NO_VERSION, type Lease, type Version } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { realDisk, type Disk } from '../../src/node/disk.js';
import { fileStoreOn } from '../../src/node/fileStoreOn.js';
import { fileStore } from '../../src/node/index.js';
import { spawnActor, type Actor } from '../helpers/spawnActor.js';
import { tempFolder } from '../helpers/tempFolder.js';
import { until } from '../helpers/until.js';

const ONE: Credentials = { access_token: 'a1', refresh_token: 'r1', theirs: { kept: true } };
const TWO: Credentials = { ...ONE, access_token: 'a2', refresh_token: 'r2' };
const THREE: Credentials = { ...ONE, access_token: 'a3', refresh_token: 'r3' };

const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });

/** A process that has journalled the use of ONE, and what it left behind. */
async function bench() {
  const path = join(tempFolder(), 'credentials.json');
  const store = fileStore(path);
  const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
  const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path] });
  await actor.call('hold');
  await actor.call('prepare', ONE, version, 5, 9);
  const temps = () => readdirSync(dirname(path)).filter((name) => name.endsWith('.tmp'));
  const underLock = <T>(step: (lease: Lease) => ObservableInput<T>): Promise<T> =>
    done(store.lock.hold((lease) => of(lease).pipe(concatMap(step))));
  return { path, store, version, actor, temps, underLock, read: () => done(store.read()) };
}

/** Killed while it replaced what was there. */
async function killedAt(
  point: string,
  actor: Actor,
  next: Credentials | null,
  expected: Version,
): Promise<void> {
  await actor.call('stopAt', point);
  actor.call('write', next, expected).catch(() => undefined);
  await actor.told('stopped');
  await actor.kill();
}

describe('after a process was killed', () => {
  it('before it had an answer, the journal says so, and its room is given back', async () => {
    const { actor, temps, underLock, store, version, read } = await bench();
    const { pid } = actor.process;
    await actor.kill();
    expect(temps()).toHaveLength(1);
    const found = await underLock(() => store.read());
    expect(found).toMatchObject({
      credentials: ONE,
      version,
      pending: { sentAt: 5, until: 9, by: expect.stringContaining(`pid ${pid} `) },
    });
    expect(temps()).toEqual([]);
    expect((await read()).pending).toBeDefined();
  });

  it.each(['sync', 'rename'])(
    'when it had written the successor (before %s), the next holder puts that in place',
    async (point) => {
      const { actor, temps, underLock, store, version, path, read } = await bench();
      await killedAt(point, actor, TWO, version);
      expect((await read()).credentials).toEqual(ONE);
      expect(temps()).toHaveLength(1);
      const found = await underLock(() => store.read());
      expect(found.credentials).toEqual(TWO);
      expect(found.pending).toBeUndefined();
      expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(TWO, null, 2)}\n`);
      expect(temps()).toEqual([]);
    },
  );

  it('and had written for what another tool had touched meanwhile, the next holder puts that in place', async () => {
    const { actor, underLock, store, version, path } = await bench();
    writeFileSync(path, JSON.stringify({ ...ONE, touched: 1 }));
    const refused = await actor.call<{ snapshot: { version: Version } }>('write', TWO, version);
    await killedAt('sync', actor, { ...TWO, touched: 1 }, refused.snapshot.version);
    expect((await underLock(() => store.read())).credentials).toEqual({ ...TWO, touched: 1 });
  });

  it.each(['EMFILE', 'ENFILE', 'ENOMEM'])(
    'a successor that cannot be read just now (%s) stays until it can',
    async (code) => {
      const { actor, underLock, store, version, path, temps } = await bench();
      await killedAt('rename', actor, TWO, version);
      const open: Disk['open'] = (...args) => {
        if (String(args[0]).endsWith('.tmp')) throw Object.assign(new Error(), { code });
        return realDisk.open(...args);
      };
      const failing = fileStoreOn({ ...realDisk, open }, path);
      const refused = { code: 'store_unwritable', reason: code };
      await expect(done(failing.lock.hold(() => EMPTY))).rejects.toMatchObject(refused);
      await expect(done(failing.write(THREE, ANY_VERSION))).rejects.toMatchObject(refused);
      expect(temps()).toHaveLength(1);
      expect((await underLock(() => store.read())).credentials).toEqual(TWO);
    },
  );

  it('a successor is never put in the place of anything but its parent', async () => {
    const { actor, underLock, store, version, temps, path } = await bench();
    await killedAt('rename', actor, TWO, version);
    writeFileSync(path, JSON.stringify(THREE));
    expect((await underLock(() => store.read())).credentials).toEqual(THREE);
    expect(temps()).toEqual([]);
  });

  it('a sign-out stands, whoever did it', async () => {
    const first = await bench();
    await killedAt('rename', first.actor, TWO, first.version);
    rmSync(first.path);
    expect((await first.underLock(() => first.store.read())).credentials).toBeNull();
    expect(first.temps()).toEqual([]);

    const second = await bench();
    await killedAt('rename', second.actor, TWO, second.version);
    await done(second.store.write(null, ANY_VERSION));
    expect(second.temps()).toEqual([]); // at once: they hold tokens
    expect((await second.underLock(() => second.store.read())).credentials).toBeNull();
  });

  it('a sign-in replaces both what was there and its successor', async () => {
    const { actor, underLock, store, version, temps } = await bench();
    await killedAt('rename', actor, TWO, version);
    await done(store.write(THREE, ANY_VERSION));
    expect(temps()).toEqual([]);
    expect((await underLock(() => store.read())).credentials).toEqual(THREE);
  });

  it('a sign-in that fails leaves the successor of what is there', async () => {
    const { actor, underLock, store, version, path } = await bench();
    await killedAt('rename', actor, TWO, version);
    const full = () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' }));
    const failing = fileStoreOn({ ...realDisk, sync: full }, path);
    await expect(done(failing.write(THREE, ANY_VERSION))).rejects.toMatchObject({ reason: 'ENOSPC' });
    expect((await underLock(() => store.read())).credentials).toEqual(TWO);
  });

  it('nobody writes over the parent of a successor that is whole, without the lock either', async () => {
    const { actor, store, version, temps } = await bench();
    await killedAt('rename', actor, TWO, version);
    const marked = await done(store.write({ ...ONE, expires_at: 0 }, version));
    expect(marked).toMatchObject({ written: false, snapshot: { credentials: TWO } });
    expect(temps()).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['its fill only', '\n'.repeat(16384)],
    ['half a successor', JSON.stringify(TWO).slice(0, 20) + '\n'.repeat(99)],
    ['a page of fill in a token', `{"access_token":"a${'\n'.repeat(4096)}b","refresh_token":"r"}`],
    ['what is no credentials', '{}'],
  ])('a successor that is %s is swept', async (_, content) => {
    const path = join(tempFolder(), 'credentials.json');
    const store = fileStore(path);
    const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
    const temp = join(dirname(path), `.credentials.json.${version}.refresh-0123456789ab.tmp`);
    writeFileSync(temp, content);
    await done(store.lock.hold(() => EMPTY));
    expect(existsSync(temp)).toBe(false);
    expect((await done(store.read())).credentials).toEqual(ONE);
  });

  it('a pipe by the name of a successor keeps nobody waiting', async () => {
    const path = join(tempFolder(), 'credentials.json');
    execFileSync('mkfifo', [join(dirname(path), '.credentials.json.x.refresh-0123456789ab.tmp')]);
    const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path] });
    const written = actor.call('write', ONE, NO_VERSION);
    const tooLong = new AbortController();
    const late = pause(3000, 'still waiting', { signal: tooLong.signal }).catch(() => undefined);
    expect(await Promise.race([written, late])).toMatchObject({ written: true });
    tooLong.abort();
    expect(readdirSync(dirname(path))).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  it('files of others stay, however they are named', async () => {
    const folder = tempFolder();
    const store = fileStore(join(folder, 'a.json'));
    const others = [
      '.a.json.tmp',
      '.a.json.set-x.tmp',
      '.b.json.set-0123456789ab.tmp',
      '.a.json.swp',
      'a.json.tmp',
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    await done(store.write(ONE, ANY_VERSION));
    await done(store.lock.hold(() => EMPTY));
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(others));
  });

  it('beside a corrupt file, a successor waits until that is replaced', async () => {
    const { actor, underLock, store, version, temps, path } = await bench();
    await killedAt('rename', actor, TWO, version);
    writeFileSync(path, '{');
    await expect(underLock(() => store.read())).rejects.toMatchObject({ code: 'store_corrupt' });
    expect(temps()).toHaveLength(1);
    writeFileSync(path, `${JSON.stringify(ONE, null, 2)}\n`);
    expect((await underLock(() => store.read())).credentials).toEqual(TWO);
  });

  it('beside a corrupt file, a sign-in replaces both', async () => {
    const { actor, store, version, temps, path, read } = await bench();
    await killedAt('rename', actor, TWO, version);
    writeFileSync(path, '{');
    expect(await done(store.write(THREE, ANY_VERSION))).toMatchObject({ written: true });
    expect(temps()).toEqual([]);
    expect((await read()).credentials).toEqual(THREE);
  });

  it('when it signed in, what was there stays, and the next write or holder sweeps', async () => {
    for (const sweep of ['write', 'hold'] as const) {
      const { actor, underLock, store, version, temps, read } = await bench();
      await actor.call('release');
      await until(() => temps().length === 0);
      await killedAt('rename', actor, THREE, ANY_VERSION);
      expect((await read()).credentials).toEqual(ONE);
      expect(temps()).toEqual([expect.stringMatching(/^\.credentials\.json\.set-/)]);
      await (sweep === 'hold' ? underLock(() => EMPTY) : done(store.write(ONE, version)));
      expect(temps()).toEqual([]);
      await actor.kill().catch(() => undefined);
    }
  });

  it('when it had reserved room only, the next write gives that back, too', async () => {
    const { actor, store, temps } = await bench();
    await actor.kill();
    await done(store.write(THREE, ANY_VERSION));
    expect(temps()).toEqual([]);
  });
});

describe('while a process refreshes', () => {
  it('nobody who signs in or out takes its room away, and what it then has to write comes too late', async () => {
    const { actor, store, version, temps } = await bench();
    const [room] = temps();
    for (const next of [THREE, null]) {
      await done(store.write(next, ANY_VERSION));
      expect(temps()).toEqual([room]);
      const late = await actor.call('write', TWO, version);
      expect(late).toMatchObject({ written: false, snapshot: { credentials: next } });
    }
    await actor.call('release');
    await until(() => temps().length === 0);
  });

  it('it writes in its room, again if need be, and leaves nothing', async () => {
    const { actor, temps, path, version, read } = await bench();
    const [room] = temps();
    await actor.call('failAt', 'rename');
    await expect(actor.call('write', { ...TWO, long: 'x'.repeat(999) }, version)).rejects.toMatchObject({
      code: 'store_unwritable',
      reason: 'EIO',
    });
    expect(temps()).toEqual([room]);
    expect((await read()).credentials).toEqual(ONE);
    await actor.call('failAt', null);
    expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
    expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(TWO, null, 2)}\n`);
    expect(temps()).toEqual([]);
  });

  it('it may be killed when it writes again: the next holder finds the last that was whole', async () => {
    const { actor, version, store, underLock } = await bench();
    await actor.call('failAt', 'rename');
    await expect(actor.call('write', { ...TWO, long: 'x'.repeat(999) }, version)).rejects.toMatchObject({
      reason: 'EIO',
    });
    await actor.call('failAt', null);
    await killedAt('sync', actor, TWO, version);
    expect((await underLock(() => store.read())).credentials).toEqual(TWO);
  });

  it('it writes all the same when somebody has tidied its room away', async () => {
    const { actor, temps, path, version, read } = await bench();
    rmSync(join(dirname(path), temps()[0]!));
    expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
    expect((await read()).credentials).toEqual(TWO);
    await actor.call('release');
    await actor.call('hold');
  });

  it('what does not fit into its room is written all the same', async () => {
    const { actor, version, read } = await bench();
    const huge = { ...TWO, long: 'x'.repeat(100_000) };
    expect(await actor.call('write', huge, version)).toMatchObject({ written: true });
    expect((await read()).credentials).toEqual(huge);
  });

  it('marks on the same tokens leave its room for the successor', async () => {
    const { actor, temps, version } = await bench();
    const [room] = temps();
    const marked = await actor.call<{ snapshot: { version: Version } }>(
      'write',
      { ...ONE, expires_at: 0 },
      version,
    );
    expect(temps()).toEqual([room]);
    expect(await actor.call('write', TWO, marked.snapshot.version)).toMatchObject({ written: true });
    expect(temps()).toEqual([]);
  });

  it('it may prepare again, in the same room or in another', async () => {
    const { actor, temps, version, read, path } = await bench();
    const [room] = temps();
    await actor.call('prepare', ONE, version, 6, 9);
    expect(temps()).toEqual([room]);
    rmSync(join(dirname(path), room!)); // by somebody tidying up
    await actor.call('prepare', ONE, version, 6, 9);
    expect(temps()).toHaveLength(1);
    writeFileSync(path, JSON.stringify(THREE));
    await actor.call('prepare', THREE, (await read()).version, 7, 9);
    expect(temps()).toHaveLength(1);
    expect(temps()).not.toEqual([room]);
    expect((await read()).pending?.sentAt).toBe(7);
  });

  it.each([
    ['writes', 'rename', 'write'],
    ['journals', 'journal', 'prepare'],
  ])('and lets go while it %s, the lock waits until that has ended', async (_, point, call) => {
    const { actor, version, store, path } = await bench();
    await actor.call('stopAt', point);
    actor.call(call, call === 'write' ? TWO : ONE, version, 6, 9).catch(() => undefined);
    await actor.told('stopped');
    await actor.call('release');
    let isIn = false;
    const waiting = store.lock.hold(() => of((isIn = true))).subscribe();
    await new Promise((settle) => setTimeout(settle, 60));
    expect(isIn).toBe(false);
    expect(existsSync(path)).toBe(true);
    await actor.kill();
    await until(() => isIn);
    waiting.unsubscribe();
    expect((await done(store.read())).credentials).toEqual(call === 'write' ? TWO : ONE);
  });
});
