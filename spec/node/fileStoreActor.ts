import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { firstValueFrom, from, NEVER, Subject, takeUntil, type ObservableInput } from 'rxjs';
import { ANY_VERSION, type Lease, type Version } from '../../src/contracts.js';
import type { Credentials } from '../../src/credentials.js';
import { realDisk, type Disk } from '../../src/node/disk.js';
import { fileStoreOn } from '../../src/node/fileStoreOn.js';
import { obey, tell } from '../helpers/obey.js';

// argv: the path; UMASK: octal
if (process.env.UMASK !== undefined) process.umask(Number.parseInt(process.env.UMASK, 8));

const path = process.argv[2]!;
let renamedAt = 0;
let stopsAt: string | undefined;
let failsAt: string | null = null;

/** Tells where it is, and goes no further: a good place to be killed. */
async function passing<T>(point: string, step: () => Promise<T>): Promise<T> {
  if (failsAt === point) throw Object.assign(new Error('as told'), { code: 'EIO' });
  if (stopsAt !== point) return step();
  tell('stopped', point);
  return new Promise(() => setInterval(() => undefined, 1000));
}

const disk: Disk = {
  ...realDisk,
  sync: (fd) => passing('sync', () => realDisk.sync(fd)),
  syncData: (fd) => passing('journal', () => realDisk.syncData(fd)),
  rename: (...args) =>
    passing('rename', async () => {
      await rename(...args);
      renamedAt = performance.timeOrigin + performance.now();
    }),
};
const store = fileStoreOn(disk, path, 100);
const done = <T>(input: ObservableInput<T>): Promise<T> =>
  firstValueFrom(from(input), { defaultValue: undefined as T });

let lease: Lease | undefined;
const left$ = new Subject<void>();
const filler = join(dirname(path), 'filler');

obey({
  read: () => done(store.read()),
  write: (next: Credentials | null, expected: Version) => done(store.write(next, expected)),
  /** Resolves with the moment at which it is inside. */
  hold: () =>
    new Promise((settle, fail) => {
      const inside = (given: Lease) => {
        lease = given;
        settle(performance.timeOrigin + performance.now());
        return NEVER;
      };
      store.lock.hold(inside).pipe(takeUntil(left$)).subscribe({ error: fail });
    }),
  release: () => left$.next(),
  mayStillSend: () => lease!.remainingMs() > 0,
  holder: () => done(store.lock.holder!()),
  prepare: (held: Credentials, version: Version, sentAt: number, until: number) =>
    done(lease!.prepare(held, version, sentAt, until)),
  acquit: () => done(lease!.acquit()),
  condemn: (held: Credentials) => done(lease!.condemn(held)),
  failAt: (point: string | null) => (failsAt = point),
  stopAt: (point: string) => (stopsAt = point),
  listen: () => void store.changes$.subscribe(() => tell('hint', performance.timeOrigin + performance.now())),
  fill() {
    const isFull = (bytes: number): boolean => {
      try {
        writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
        return false;
      } catch {
        return true; // though smaller pieces may still fit
      }
    };
    for (let bytes = 1 << 20; bytes > 0; bytes >>= 1) while (!isFull(bytes));
  },
  unfill: () => rmSync(filler),
  tidy() {
    for (const name of readdirSync(dirname(path)))
      if (name.endsWith('.tmp')) rmSync(join(dirname(path), name));
  },
  list: () => readdirSync(dirname(path)).sort(),
  /** Resolves with the moment at which the file had its name. */
  async writeTimed(next: Credentials) {
    await done(store.write(next, ANY_VERSION));
    return renamedAt;
  },
  disconnect: () => process.disconnect(),
});
