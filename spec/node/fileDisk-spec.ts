import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  firstValueFrom,
  from,
  ignoreElements,
  type ObservableInput,
} from 'rxjs';
import { ANY_VERSION, NO_VERSION, type WriteResult } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { realDisk, type Disk } from '../../src/node/disk.js';
import { fileStoreOn } from '../../src/node/fileStoreOn.js';
import { fileStore } from '../../src/node/index.js';
import { NOBODY } from '../helpers/nobody.js';
import { descriptors } from '../helpers/descriptors.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { tempFolder } from '../helpers/tempFolder.js';
import { until } from '../helpers/until.js';

const ACTOR = 'spec/node/fileStoreActor.ts';
const ONE: Credentials = { access_token: 'a1', refresh_token: 'r1' };
const TWO: Credentials = { access_token: 'a2', refresh_token: 'r2', long: 'x'.repeat(9000) };

const done = <T>(input: ObservableInput<T>): Promise<T> => firstValueFrom(from(input));

/** An actor that alone sees a small file system, real and full if it likes; needs root or user namespaces. */
function onASmallDisk(prepare = '', options = '') {
  const path = join(tempFolder(), 'credentials.json');
  const script = `mount -t tmpfs -o size=100k tmpfs "$0" && cd "$0" && ${prepare || ':'} && exec "$@"`;
  const remount = options && `mount -o remount,${options} "$0" && `;
  const through = [
    'unshare',
    '-rm',
    'sh',
    '-c',
    script.replace('exec', `${remount}exec`),
    join(path, '..'),
  ] as const;
  return spawnActor(ACTOR, { args: [path], through: [...through] });
}

const canMount = (() => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
    return true;
  } catch {
    return false;
  }
})();
const needsMounts = canMount || process.env.REQUIRE_SERVICES === '1' ? it : it.skip;
// without root one cannot become somebody else, but is not exempt from modes either
const needsRoot = process.getuid?.() === 0 ? it : it.skip;

describe('fileStore on a full disk', () => {
  const signedIn = async (actor: Awaited<ReturnType<typeof spawnActor>>) =>
    (await actor.call<WriteResult>('write', ONE, NO_VERSION)).snapshot.version;

  needsMounts('keeps what is there, and says so', async () => {
    const actor = await onASmallDisk();
    const version = await signedIn(actor);
    await actor.call('fill');
    const full = {
      code: 'store_unwritable',
      reason: 'ENOSPC',
      message: expect.stringContaining('free some space'),
    };
    await expect(actor.call('write', TWO, version)).rejects.toMatchObject(full);
    await expect(actor.call('write', TWO, ANY_VERSION)).rejects.toMatchObject(full);
    expect(await actor.call('read')).toMatchObject({ credentials: ONE, version });
    expect(await actor.call('list')).toEqual(['credentials.json', 'credentials.json.write.lock', 'filler']);
    await actor.call('unfill');
    expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
  });

  needsMounts('refuses to prepare a refresh, and leaves nothing', async () => {
    const actor = await onASmallDisk();
    const version = await signedIn(actor);
    await actor.call('hold');
    await actor.call('fill');
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(actor.call('prepare', ONE, version, 1, 2)).rejects.toMatchObject({
        code: 'store_unwritable',
        reason: 'ENOSPC',
      });
    }
    expect(await actor.call('read')).toEqual({ credentials: ONE, version });
    expect(await actor.call('list')).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  needsMounts('saves the successor in the room that was reserved, however often that fails', async () => {
    const actor = await onASmallDisk();
    const version = await signedIn(actor);
    await actor.call('hold');
    await actor.call('prepare', ONE, version, 1, 2);
    await actor.call('fill');
    for (const point of ['sync', 'rename']) {
      await actor.call('failAt', point);
      await expect(actor.call('write', TWO, version)).rejects.toMatchObject({ reason: 'EIO' });
      expect(await actor.call('read')).toMatchObject({ credentials: ONE, pending: { sentAt: 1 } });
    }
    await actor.call('failAt', null);
    expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
    expect(await actor.call('read')).toEqual({ credentials: TWO, version: expect.any(String) });
    expect(await actor.call('list')).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  needsMounts(
    'saves the successor in new room where somebody has tidied the reserved room away',
    async () => {
      const actor = await onASmallDisk();
      const version = await signedIn(actor);
      await actor.call('hold');
      await actor.call('prepare', ONE, version, 1, 2);
      await actor.call('fill');
      await actor.call('tidy');
      expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
      expect(await actor.call('read')).toMatchObject({ credentials: TWO });
    },
  );

  needsMounts('holds a lock whose file can be made but not written, and cannot journal in it', async () => {
    const actor = await onASmallDisk();
    const version = await signedIn(actor);
    await actor.call('fill');
    await actor.call('hold');
    await expect(actor.call('prepare', ONE, version, 1, 2)).rejects.toMatchObject({ reason: 'ENOSPC' });
    await actor.call('release');
    expect(await actor.call('write', null, version)).toMatchObject({ written: true }); // signing out takes no room
  });
});

describe('fileStore on a read-only file system', () => {
  needsMounts('reads, and fails at once to lock, to sign in and to sign out', async () => {
    const actor = await onASmallDisk(
      `printf %s '${JSON.stringify(ONE)}' > credentials.json && chmod 600 credentials.json`,
      'ro',
    );
    const { version } = await actor.call<{ version: string }>('read');
    const readOnly = {
      code: 'store_unwritable',
      reason: 'EROFS',
      message: expect.stringMatching(/credentials\.json.* read-only/),
    };
    await expect(actor.call('hold')).rejects.toMatchObject(readOnly);
    for (const next of [TWO, null])
      await expect(actor.call('write', next, version)).rejects.toMatchObject(readOnly);
    expect(await actor.call('read')).toEqual({ credentials: ONE, version });
  });
});

describe('fileStore of another user', () => {
  const bench = (owner: number, content?: string) => {
    const folder = join(tempFolder(), 'theirs');
    mkdirSync(folder);
    const path = join(folder, 'credentials.json');
    if (content !== undefined) {
      writeFileSync(path, content, { mode: 0o600 });
      chownSync(path, owner, owner);
    }
    chmodSync(join(folder, '..'), 0o755);
    return { folder, path, start: (env = {}) => spawnActor(ACTOR, { args: [path], uid: NOBODY, env }) };
  };

  needsRoot('cannot be read, and is never overwritten', async () => {
    const { folder, path, start } = bench(0, JSON.stringify(ONE));
    chownSync(folder, NOBODY, NOBODY); // where it could well be replaced
    const actor = await start();
    const denied = {
      code: 'store_unreadable',
      reason: 'EACCES',
      message: expect.stringContaining('no permission'),
    };
    await expect(actor.call('read')).rejects.toMatchObject(denied);
    for (const next of [TWO, null])
      await expect(actor.call('write', next, ANY_VERSION)).rejects.toMatchObject(denied);
    expect(readFileSync(path, 'utf8')).toBe(JSON.stringify(ONE));

    chownSync(path, NOBODY, NOBODY);
    chmodSync(path, 0);
    await expect(actor.call('read')).rejects.toMatchObject(denied);
    await expect(actor.call('write', TWO, ANY_VERSION)).rejects.toMatchObject(denied);
    chmodSync(path, 0o600);
    expect(await actor.call('read')).toMatchObject({ credentials: ONE });
  });

  needsRoot('is read with a warning where it may be read, and is ours after a write', async () => {
    const { folder, path, start } = bench(0, JSON.stringify(ONE));
    chmodSync(path, 0o644);
    chownSync(folder, NOBODY, NOBODY);
    const actor = await start();
    const { warning, version } = await actor.call<{ warning: string; version: string }>('read');
    expect(warning).toContain('mode 644');
    expect(await actor.call('write', TWO, version)).toMatchObject({ written: true });
    expect(statSync(path)).toMatchObject({ uid: NOBODY, mode: 0o100600 });
    expect(await actor.call('read')).toEqual({ credentials: TWO, version: expect.any(String) });
  });

  needsRoot('fails at once in a folder where nothing can be made', async () => {
    const { path, start } = bench(NOBODY, JSON.stringify(ONE));
    const actor = await start();
    const { version } = await actor.call<{ version: string }>('read');
    const denied = {
      code: 'store_unwritable',
      reason: 'EACCES',
      message: expect.stringContaining('no permission'),
    };
    await expect(actor.call('hold')).rejects.toMatchObject(denied);
    for (const next of [TWO, null])
      await expect(actor.call('write', next, version)).rejects.toMatchObject(denied);
    expect(readFileSync(path, 'utf8')).toBe(JSON.stringify(ONE));
  });

  needsRoot('says so, too, when nothing can be made any more, and sends nothing', async () => {
    const { folder, path, start } = bench(NOBODY, JSON.stringify(ONE));
    chownSync(folder, NOBODY, NOBODY);
    const actor = await start();
    await actor.call('hold');
    const { snapshot } = await actor.call<WriteResult>('write', ONE, ANY_VERSION);
    chownSync(folder, 0, 0);
    const denied = { code: 'store_unwritable', reason: 'EACCES', message: expect.stringContaining(path) };
    await expect(actor.call('prepare', ONE, snapshot.version, 1, 2)).rejects.toMatchObject(denied);
    await expect(actor.call('write', TWO, snapshot.version)).rejects.toMatchObject(denied);
    expect(await actor.call('read')).toEqual({ credentials: ONE, version: snapshot.version });
  });

  needsRoot(
    'stays locked where nothing can be seen any more: what is kept in memory is refreshed',
    async () => {
      const { folder, path, start } = bench(NOBODY, JSON.stringify(ONE));
      chownSync(folder, NOBODY, NOBODY);
      const actor = await start();
      await actor.call('hold');
      chmodSync(folder, 0);
      expect(await actor.call('mayStillSend')).toBe(true);
      chmodSync(folder, 0o700);
      rmSync(`${path}.lock`);
      expect(await actor.call('mayStillSend')).toBe(false);
    },
  );

  needsRoot('stays theirs when root writes it, and so do its locks', async () => {
    const { folder, path, start } = bench(NOBODY, JSON.stringify(ONE));
    chownSync(folder, NOBODY, NOBODY);
    const store = fileStore(path);
    await done(store.write(TWO, ANY_VERSION));
    await done(store.lock.hold(() => from([1])));
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).uid).toBe(NOBODY);
    const actor = await start();
    expect(await actor.call('read')).toMatchObject({ credentials: TWO });
    await actor.call('hold');
  });

  needsRoot('stays theirs, and so do its locks, in a folder that is not theirs, too', async () => {
    const { folder, path, start } = bench(NOBODY, JSON.stringify(ONE));
    chmodSync(folder, 0o777);
    const store = fileStore(path);
    const { snapshot } = await done(store.write(TWO, ANY_VERSION));
    await done(store.lock.hold(() => from([1])));
    const actor = await start();
    await actor.call('hold');
    expect(await actor.call('write', ONE, snapshot.version)).toMatchObject({ written: true });
  });
});

describe('fileStore on a disk that fails', () => {
  /** Fails the next call of one of its deeds. */
  const bench = () => {
    const path = join(tempFolder(), 'credentials.json');
    let failing: keyof Disk | undefined;
    const failed = (deed: keyof Disk): boolean => failing === deed && !(failing = undefined);
    const eio = () => Object.assign(new Error(), { code: 'EIO' });
    const disk: Disk = {
      ...realDisk,
      sync: async (fd) => (failed('sync') ? Promise.reject(eio()) : realDisk.sync(fd)),
      syncData: async (fd) => (failed('syncData') ? Promise.reject(eio()) : realDisk.syncData(fd)),
      open: (...args) => {
        if (failed('open')) throw eio();
        return realDisk.open(...args);
      },
    };
    return { path, store: fileStoreOn(disk, path), fail: (deed: keyof Disk) => (failing = deed) };
  };

  it.each(['syncData', 'open'] as const)(
    'leaves no journal of a request that is not sent, since its %s failed',
    async (deed) => {
      const { store, fail } = bench();
      const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
      const prepared = store.lock.hold((lease) => {
        fail(deed);
        return from(lease.prepare(ONE, version, 1, 2));
      });
      await expect(done(prepared)).rejects.toMatchObject({ code: 'store_unwritable', reason: 'EIO' });
      expect(await done(store.read())).toEqual({ credentials: ONE, version });
    },
  );

  it('leaves no file where room could be made but not be kept private', async () => {
    const path = join(tempFolder(), 'credentials.json');
    const open: Disk['open'] = (file, ...how) => {
      const fd = realDisk.open(file, ...how);
      if (!/refresh-.*tmp$/.test(String(file))) return fd;
      closeSync(fd);
      return openSync('/proc/self/status', 'r'); // which has its own modes
    };
    const store = fileStoreOn({ ...realDisk, open }, path);
    const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
    const temps = () => readdirSync(join(path, '..')).filter((name) => name.endsWith('.tmp'));
    const prepared = store.lock.hold((lease) =>
      from(lease.prepare(ONE, version, 1, 2)).pipe(
        catchError((error: unknown) => {
          expect(temps()).toEqual([]);
          throw error;
        }),
      ),
    );
    await expect(done(prepared)).rejects.toMatchObject({ code: 'store_unwritable', reason: 'EPERM' });
    expect(temps()).toEqual([]);
  });

  it('leaves no descriptor of a lock file behind whose name could not be made durable', async () => {
    const { path, store, fail } = bench();
    await done(store.write(ONE, NO_VERSION));
    fail('sync');
    await expect(done(store.lock.hold(() => from([1])))).rejects.toMatchObject({ reason: 'EIO' });
    expect(descriptors(`${path}.lock`)).toBe(0);
    expect(await done(store.lock.hold(() => from([1])))).toBe(1);
  });
});

describe('fileStore on a disk that takes its time', () => {
  const THEIRS: Credentials = { access_token: 'theirs', refresh_token: 'theirs' };

  it.each(['in its room', 'without room'])(
    'overwrites nothing that another tool writes in the meantime, %s',
    async (how) => {
      const path = join(tempFolder(), 'credentials.json');
      let meanwhile = (): void => undefined;
      const disk: Disk = { ...realDisk, sync: (fd) => realDisk.sync(fd).then(() => meanwhile()) };
      const store = fileStoreOn(disk, path);
      const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
      const saved = store.lock.hold((lease) => {
        const prepared$ = how === 'in its room' ? from(lease.prepare(ONE, version, 1, 2)) : EMPTY;
        const write$ = defer(() => {
          meanwhile = () => writeFileSync(path, JSON.stringify(THEIRS));
          return store.write(TWO, version);
        });
        return concat(prepared$.pipe(ignoreElements()), write$);
      });
      expect(await done(saved)).toMatchObject({ written: false, snapshot: { credentials: THEIRS } });
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(THEIRS);
      await until(() => !readdirSync(join(path, '..')).some((name) => name.endsWith('.tmp')));
    },
  );

  it('saves for what another tool has touched in the meantime, when asked to', async () => {
    const path = join(tempFolder(), 'credentials.json');
    let meanwhile = (): void => undefined;
    const disk: Disk = { ...realDisk, sync: (fd) => realDisk.sync(fd).then(() => meanwhile()) };
    const store = fileStoreOn(disk, path);
    const { version } = (await done(store.write(ONE, NO_VERSION))).snapshot;
    const saved = store.lock.hold((lease) =>
      concat(
        from(lease.prepare(ONE, version, 1, 2)).pipe(ignoreElements()),
        defer(() => {
          meanwhile = () => {
            writeFileSync(path, JSON.stringify({ ...ONE, touched: 1 }));
            meanwhile = () => undefined;
          };
          return store.write(TWO, version);
        }),
      ).pipe(concatMap(({ snapshot }) => store.write({ ...TWO, touched: 1 }, snapshot.version))),
    );
    expect(await done(saved)).toMatchObject({ written: true });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...TWO, touched: 1 });
  });
});

describe('fileStore under any umask', () => {
  it.each(['000', '077', '777'])('such as %s makes files of mode 600', async (UMASK) => {
    const folder = tempFolder();
    const path = join(folder, 'credentials.json');
    const actor = await spawnActor(ACTOR, { args: [path], env: { UMASK } });
    const { snapshot } = await actor.call<WriteResult>('write', ONE, NO_VERSION);
    await actor.call('hold');
    await actor.call('prepare', ONE, snapshot.version, 1, 2);
    const modes = readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
    expect(modes).toEqual(['600', '600', '600', '600']); // of the room reserved, too
    await actor.call('write', TWO, snapshot.version);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('fileStore on Windows, where a reader keeps a file from being replaced', () => {
  const heldOpen = (times: number, code: string, patienceMs = 1000, platform: NodeJS.Platform = 'win32') => {
    const folder = tempFolder();
    const path = join(folder, 'credentials.json');
    let refused = 0;
    const disk: Disk = {
      ...realDisk,
      platform,
      patienceMs,
      async rename(...args) {
        if (refused < times && ++refused) throw Object.assign(new Error(), { code });
        return rename(...args);
      },
    };
    return { folder, path, store: fileStoreOn(disk, path), refused: () => refused };
  };

  it.each(['EPERM', 'EACCES', 'EBUSY'])('waits for it (%s)', async (code) => {
    const { store, refused, folder } = heldOpen(3, code);
    expect((await done(store.write(ONE, NO_VERSION))).written).toBe(true);
    expect(refused()).toBe(3);
    expect((await done(store.read())).credentials).toEqual(ONE);
    expect(readdirSync(folder)).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  it('gives up in the end, and keeps what is there', async () => {
    const { store, path, folder } = heldOpen(Infinity, 'EPERM', 50);
    writeFileSync(path, JSON.stringify(ONE), { mode: 0o600 });
    await expect(done(store.write(TWO, ANY_VERSION))).rejects.toMatchObject({
      code: 'store_unwritable',
      reason: 'EPERM',
    });
    expect((await done(store.read())).credentials).toEqual(ONE);
    expect(readdirSync(folder)).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  it('does not wait for what will not pass, nor on other systems', async () => {
    for (const [code, platform] of [
      ['EXDEV', 'win32'],
      ['EPERM', 'linux'],
    ] as const) {
      const { store, refused } = heldOpen(Infinity, code, 1000, platform);
      await expect(done(store.write(ONE, NO_VERSION))).rejects.toMatchObject({ reason: code });
      expect(refused()).toBe(1);
    }
  });
});

describe('fileStore beside a writer that is stopped', () => {
  it('gives up in the end, and writes when that goes on', async () => {
    const path = join(tempFolder(), 'credentials.json');
    const writer = await spawnActor(ACTOR, { args: [path] });
    await writer.call('stopAt', 'rename');
    writer.call('write', ONE, NO_VERSION).catch(() => undefined);
    await writer.told('stopped');
    const impatient = fileStoreOn({ ...realDisk, patienceMs: 50 }, path);
    const busy = { code: 'store_unwritable', reason: 'EBUSY', message: expect.stringContaining('try again') };
    await expect(done(impatient.write(TWO, NO_VERSION))).rejects.toMatchObject(busy);
    expect(existsSync(path)).toBe(false);
    await writer.kill();
    expect((await done(impatient.write(TWO, NO_VERSION))).written).toBe(true);
  });
});
