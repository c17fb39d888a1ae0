import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { concat, defer, firstValueFrom, from, ignoreElements, type ObservableInput } from 'rxjs';
import { ANY_VERSION, NO_VERSION, type Lease, type Snapshot } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { type StoreError, TokenError } from '../../src/errors.js';
import { credentialPath } from '../../src/node/credentialPath.js';
import { fileStore } from '../../src/node/index.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { tempFolder } from '../helpers/tempFolder.js';
import { until } from '../helpers/until.js';

const A: Credentials = {
  access_token: 'SECRET-a1',
  refresh_token: 'SECRET-r1',
  expires_at: 1,
  account: { id: [7] },
};
const B: Credentials = { ...A, access_token: 'SECRET-a2', refresh_token: 'SECRET-r2' };

const done = <T>(input: ObservableInput<T>): Promise<T> => firstValueFrom(from(input));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

async function failure(input: ObservableInput<unknown>): Promise<StoreError> {
  const error: unknown = await done(input).then(
    () => new Error('It did not fail'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TokenError);
  expect(inspect(error, { depth: 9 })).not.toMatch(/SECRET/);
  return error as StoreError;
}

function fresh(content?: string | Buffer) {
  const folder = tempFolder();
  const path = join(folder, 'credentials.json');
  if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
  return { folder, path, store: fileStore(path, { restatMs: 50 }) };
}

describe('fileStore', () => {
  describe('takes a path', () => {
    it.each([undefined, null, 7, '', '  ', 'a\0b', new URL('file:///tmp/x')])(
      'and refuses %p by name',
      (path) => {
        expect(() => fileStore(path as string)).toThrow(TypeError);
        expect(() => fileStore(path as string)).toThrow(/\bpath\b/);
      },
    );

    it.each([0, 9, -1, NaN, Infinity, '50'])('and refuses %p as restatMs by name', (restatMs) => {
      const create = () => fileStore('x', { restatMs: restatMs as number });
      expect(create).toThrow(RangeError);
      expect(create).toThrow(/restatMs/);
    });

    it('whose ~ is the home folder, and only as the first part', () => {
      expect(credentialPath('~/a/b.json')).toBe(join(homedir(), 'a/b.json'));
      expect(credentialPath('~')).toBe(homedir());
      expect(credentialPath('/a/~/b')).toBe('/a/~/b');
      expect(credentialPath('/a/~')).toBe('/a/~');
      expect(credentialPath('~someone/x')).toBe(join(process.cwd(), '~someone/x'));
    });

    describe('that is relative', () => {
      const cwd = process.cwd();
      afterEach(() => process.chdir(cwd));

      it('to the working folder at creation', async () => {
        const { folder, path } = fresh();
        const store = fileStore(relative(cwd, path));
        process.chdir(folder);
        await done(store.write(A, NO_VERSION));
        expect(existsSync(path)).toBe(true);
      });
    });
  });

  describe('reads', () => {
    it.each([
      ['a missing file', undefined],
      ['null, as refresh-guard writes it', 'null'],
      ['an object without a field', ' {}\n'],
    ])('%s as signed out', async (_, content) => {
      const { store } = fresh(content);
      expect(await done(store.read())).toEqual({ credentials: null, version: NO_VERSION });
    });

    it('a missing folder as signed out, and does not make it', async () => {
      const { folder } = fresh();
      const store = fileStore(join(folder, 'no/where/x.json'));
      expect(await done(store.read())).toEqual({ credentials: null, version: NO_VERSION });
      expect(readdirSync(folder)).toEqual([]);
    });

    it('a link to nothing as signed out', async () => {
      const { folder, path, store } = fresh();
      symlinkSync(join(folder, 'nothing'), path);
      expect(await done(store.read())).toEqual({ credentials: null, version: NO_VERSION });
    });

    it('a link to itself, by way of a folder that is not there, as signed out, and writes in its place', async () => {
      const { path } = fresh();
      symlinkSync('nowhere/../credentials.json', path);
      const actor = await spawnActor('spec/node/fileStoreActor.ts', { args: [path] }); // whose stack Jest has no part in
      await actor.call('listen');
      expect(await actor.call('read')).toEqual({ credentials: null, version: NO_VERSION });
      const hint = actor.told('hint');
      expect(await actor.call('write', A, NO_VERSION)).toMatchObject({ written: true });
      await hint;
      expect(await actor.call('read')).toMatchObject({ credentials: A });
    });

    it('a file as refresh-guard writes it, and one with a byte order mark', async () => {
      expect((await done(fresh(JSON.stringify(A)).store.read())).credentials).toEqual(A);
      expect((await done(fresh(`\uFEFF${JSON.stringify(A)}`).store.read())).credentials).toEqual(A);
    });

    it.each([
      ['nothing at all', ''],
      ['half an object', JSON.stringify(A).slice(0, 30)],
      ['an object and more', `${JSON.stringify(A)}x`],
      ['an array', '[]'],
      ['an array of credentials', JSON.stringify([A])],
      ['a number', '7'],
      ['a string', '"SECRET"'],
      ['an object without an access token', '{"refresh_token":"SECRET"}'],
      ['an access token that is no string', '{"access_token":7}'],
      ['a blank access token', '{"access_token":" "}'],
      ['zeros', Buffer.alloc(100)],
      ['a deep nest', `{"access_token":"SECRET","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ])('%s as corrupt, and leaves it', async (_, content) => {
      const { folder, path, store } = fresh(content);
      const error = await failure(store.read());
      expect(error).toMatchObject({ code: 'store_corrupt', message: expect.stringContaining(path) });
      expect(readdirSync(folder)).toEqual(['credentials.json']);
      expect(readFileSync(path)).toEqual(Buffer.from(content));
    });

    it('a file that another tool is just writing in place when it is whole', async () => {
      const { path, store } = fresh('{"access_token":');
      const reading = done(store.read());
      setTimeout(() => writeFileSync(path, JSON.stringify(B)), 10);
      expect((await reading).credentials).toEqual(B);
    });

    it.each([
      ['a folder', 'EISDIR', (path: string) => mkdirSync(path)],
      ['a link in a circle', 'ELOOP', (path: string) => symlinkSync(path, path)],
      ['a path through a file', 'ENOTDIR', undefined],
      ['a pipe that nobody writes to', 'EINVAL', (path: string) => execFileSync('mkfifo', [path])],
      [
        'a file of 100 MB',
        'EFBIG',
        (path: string) => {
          writeFileSync(path, '');
          truncateSync(path, 100e6);
        },
      ],
    ])('%s as unreadable (%s), and never overwrites it', async (_, reason, make) => {
      const given = fresh(make ? undefined : '{}').path;
      make?.(given);
      const path = make ? given : join(given, 'x.json');
      const before = lstatSync(given);
      const store = fileStore(path);
      const unreadable = { code: 'store_unreadable', reason, message: expect.stringContaining(path) };
      expect(await failure(store.read())).toMatchObject(unreadable);
      for (const next of [A, null]) {
        const refused = await failure(store.write(next, ANY_VERSION));
        expect(refused.code).toMatch(/store_un(read|writ)able/);
        expect(refused).toMatchObject({ reason });
      }
      expect(lstatSync(given).ino).toBe(before.ino);
    });

    it('no __proto__ out of a file', async () => {
      const { store } = fresh(
        '{"access_token":"SECRET","__proto__":{"polluted":true},"x":{"__proto__":{"polluted":true}}}',
      );
      const { credentials } = await done(store.read());
      expect([credentials!.polluted, (credentials!.x as { polluted?: unknown }).polluted]).toEqual([
        undefined,
        undefined,
      ]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    });

    it('permissions that are too open with a warning, which the next write ends', async () => {
      const { path, store } = fresh(JSON.stringify(A));
      for (const mode of [0o644, 0o660, 0o601]) {
        chmodSync(path, mode);
        const { warning, version } = await done(store.read());
        expect(warning).toContain(`mode ${mode.toString(8)}`);
        const { snapshot } = await done(store.write(A, version));
        expect(snapshot.warning).toBeUndefined();
        expect(modeOf(path)).toBe('600');
        expect((await done(store.read())).warning).toBeUndefined();
      }
    });
  });

  describe('writes', () => {
    it('JSON that people can read, for nobody else to read', async () => {
      const { folder, path, store } = fresh();
      await done(store.write(A, NO_VERSION));
      expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(A, null, 2)}\n`);
      const modes = Object.fromEntries(readdirSync(folder).map((name) => [name, modeOf(join(folder, name))]));
      expect(modes).toEqual({ 'credentials.json': '600', 'credentials.json.write.lock': '600' });
    });

    it.each([
      ['letters', 'x'.repeat(239)],
      ['bytes', 'ä'.repeat(119)],
    ])('beside a name of as many %s as leave room for those of its locks', async (_, name) => {
      const { folder } = fresh();
      const store = fileStore(join(folder, `${name}.json`));
      const { snapshot } = await done(store.write(A, NO_VERSION));
      const refreshed = store.lock.hold((lease) =>
        concat(
          from(lease.prepare(A, snapshot.version, 1, 2)).pipe(ignoreElements()),
          defer(() => store.write(B, snapshot.version)),
        ),
      );
      expect(await done(refreshed)).toMatchObject({ written: true });
      expect(await done(store.read())).toMatchObject({ credentials: B });
      expect(readdirSync(folder)).toHaveLength(3);
    });

    it('nothing beside a name that leaves no such room, and says so', async () => {
      const { folder } = fresh();
      const store = fileStore(join(folder, 'x'.repeat(250)));
      expect(await failure(store.write(A, NO_VERSION))).toMatchObject({
        code: 'store_unwritable',
        message: expect.stringContaining('shorter'),
      });
    });

    it('into folders that it makes, for nobody else to enter', async () => {
      const { folder } = fresh();
      await done(fileStore(join(folder, 'a/b/c.json')).write(A, NO_VERSION));
      expect([modeOf(join(folder, 'a')), modeOf(join(folder, 'a/b'))]).toEqual(['700', '700']);
    });

    it('no folder to sign out', async () => {
      const { folder } = fresh();
      const store = fileStore(join(folder, 'a/b.json'));
      expect((await done(store.write(null, ANY_VERSION))).written).toBe(true);
      expect((await done(store.write(null, NO_VERSION))).written).toBe(true);
      expect((await done(store.write(null, 'other'))).written).toBe(false);
      expect(readdirSync(folder)).toEqual([]);
    });

    it('nothing that would not be credentials when read', async () => {
      const { store } = fresh();
      await expect(
        done(store.write({ refresh_token: 'x' } as unknown as Credentials, ANY_VERSION)),
      ).rejects.toThrow(TypeError);
    });

    it('nothing over what a foreign tool wrote, in place or not', async () => {
      const { path, store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      writeFileSync(path, JSON.stringify({ ...A, theirs: 1 }));
      const refused = await done(store.write(B, snapshot.version));
      expect(refused).toMatchObject({ written: false, snapshot: { credentials: { ...A, theirs: 1 } } });
      expect((await done(store.write({ ...B, theirs: 1 }, refused.snapshot.version))).written).toBe(true);
    });

    it('through a link, into the file that it leads to', async () => {
      const { folder, path, store } = fresh();
      mkdirSync(join(folder, 'elsewhere'));
      symlinkSync('elsewhere/real.json', path);
      for (const credentials of [A, B]) {
        await done(store.write(credentials, ANY_VERSION));
        expect(readlinkSync(path)).toBe('elsewhere/real.json');
        expect(JSON.parse(readFileSync(join(folder, 'elsewhere/real.json'), 'utf8'))).toEqual(credentials);
      }
      expect(readdirSync(folder).sort()).toEqual(['credentials.json', 'elsewhere']);
      await done(store.write(null, ANY_VERSION));
      expect(readlinkSync(path)).toBe('elsewhere/real.json');
      expect(readdirSync(join(folder, 'elsewhere'))).not.toContain('real.json');
    });

    it('through a link into a folder that is not there yet', async () => {
      const { folder, path, store } = fresh();
      symlinkSync(join(folder, 'later/real.json'), path);
      await done(store.write(A, NO_VERSION));
      expect(existsSync(join(folder, 'later/real.json'))).toBe(true);
      expect((await done(store.read())).credentials).toEqual(A);
    });

    it('over a corrupt file only what replaces it whatever it is, and keeps that', async () => {
      const { folder, path, store } = fresh('{"SECRET');
      chmodSync(path, 0o644);
      expect(await failure(store.write(A, NO_VERSION))).toMatchObject({ code: 'store_corrupt' });
      expect(readFileSync(path, 'utf8')).toBe('{"SECRET');
      expect((await done(store.write(A, ANY_VERSION))).written).toBe(true);
      expect((await done(store.read())).credentials).toEqual(A);
      const [aside] = readdirSync(folder).filter((name) => name.startsWith('credentials.json.corrupt-2'));
      expect(readFileSync(join(folder, aside!), 'utf8')).toBe('{"SECRET');
      expect(modeOf(join(folder, aside!))).toBe('600');
    });

    it('nobody in over a corrupt file, which is kept all the same', async () => {
      const { folder, store } = fresh('{"SECRET');
      expect((await done(store.write(null, ANY_VERSION))).written).toBe(true);
      expect((await done(store.read())).credentials).toBeNull();
      expect(readdirSync(folder).filter((name) => name.includes('.corrupt-'))).toHaveLength(1);
    });

    it('and leaves nothing beside the file but its locks', async () => {
      const { folder, store } = fresh();
      for (const next of [A, B, null, A]) await done(store.write(next, ANY_VERSION));
      await done(store.write(B, 'another version'));
      expect(readdirSync(folder).sort()).toEqual(['credentials.json', 'credentials.json.write.lock']);
    });
  });

  describe('under the lock', () => {
    it('sees the journal only while it concerns what is stored, and ignores garbage in its place', async () => {
      const { path, store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      await done(store.lock.hold((lease) => from(lease.prepare(A, snapshot.version, 5, 9))));
      expect((await done(store.read())).pending).toMatchObject({
        sentAt: 5,
        until: 9,
        by: expect.stringContaining(`pid ${process.pid}`),
      });
      const good = readFileSync(`${path}.lock`, 'utf8');
      expect(good).not.toMatch(/SECRET/);

      for (const garbage of [
        '',
        'x',
        good.slice(0, 40),
        '[]',
        'null',
        '{"pending":7,"dead":{},"holder":[]}',
        good.replace('"sentAt":5', '"sentAt":"5"').replace('"since":', '"since":"x","not":'),
        Buffer.alloc(9999, 255),
      ]) {
        writeFileSync(`${path}.lock`, garbage);
        expect(await done(store.read())).toEqual({ credentials: A, version: snapshot.version });
        expect(await done(store.lock.holder!())).toBeNull();
        await done(store.lock.hold((lease) => from(lease.prepare(A, snapshot.version, 6, 9))));
        expect((await done(store.read())).pending).toMatchObject({ sentAt: 6 });
      }
    });

    it('keeps an earlier journal of the same tokens when a later attempt is acquitted', async () => {
      const { store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      const attempt = (sentAt: number, acquits: boolean) =>
        done(
          store.lock.hold((lease) =>
            from(
              done(lease.prepare(A, snapshot.version, sentAt, 9)).then(
                () => acquits && firstValueFrom(from(lease.acquit()), { defaultValue: 0 }),
              ),
            ),
          ),
        );
      await attempt(5, false); // its answer was lost
      await attempt(6, true); // certainly refused
      expect((await done(store.read())).pending?.sentAt).toBe(5);
    });

    it('a sign-in with the same tokens voids the notes on them before anyone can hear of it', async () => {
      const { store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      const noted = async (lease: Lease) => {
        await done(lease.prepare(A, snapshot.version, 1, 2)).catch(() => undefined); // completes without a value
        await done(lease.condemn(A)).catch(() => undefined);
      };
      await done(store.lock.hold((lease) => from(noted(lease))));
      expect(await done(store.read())).toMatchObject({ dead: true, pending: { sentAt: 1 } });
      const heard: Promise<Snapshot>[] = [];
      const listening = store.changes$.subscribe(() => heard.push(done(store.read())));
      await done(store.write(A, ANY_VERSION));
      await until(() => heard.length > 0);
      listening.unsubscribe();
      for (const found of await Promise.all(heard)) expect(found).toEqual(snapshot);
    });

    it('says who holds it and since when, and that nobody does', async () => {
      const { store } = fresh();
      const before = Date.now();
      expect(await done(store.lock.holder!())).toBeNull();
      const holder = await done(
        store.lock.hold(() => store.lock.holder!() as ObservableInput<never> as never),
      );
      expect(holder).toMatchObject({ by: expect.stringMatching(new RegExp(`^pid ${process.pid} on .`)) });
      expect((holder as { since: number }).since).toBeGreaterThanOrEqual(before);
      await until(async () => (await done(store.lock.holder!())) === null);
    });

    it('a lease is of no use when the lock was let go', async () => {
      const { store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      const lease = await done(store.lock.hold((given) => from([given])));
      for (const late of [
        () => lease.prepare(A, snapshot.version, 1, 2),
        () => lease.acquit(),
        () => lease.condemn(A),
      ]) {
        expect(await failure(late())).toMatchObject({ code: 'store_unwritable' });
      }
    });

    it('gives back the room that was reserved and not used', async () => {
      const { folder, store } = fresh();
      const { snapshot } = await done(store.write(A, NO_VERSION));
      const inside = await done(
        store.lock.hold((lease) =>
          from(done(lease.prepare(A, snapshot.version, 1, 2)).then(() => readdirSync(folder))),
        ),
      );
      const reserved = inside.filter((name) => name.endsWith('.tmp'));
      expect(reserved).toEqual([expect.stringContaining(`.credentials.json.${snapshot.version}.refresh-`)]);
      await until(() => !readdirSync(folder).some((name) => name.endsWith('.tmp')));
    });
  });
});
