import {
  copyFileSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { concat, defer, firstValueFrom, from, ignoreElements, NEVER, of, type Subscription } from 'rxjs';
import { ANY_VERSION, type Lease } from '../../src/contracts.js';
import { fileStore } from '../../src/node/index.js';
import { descriptors } from '../helpers/descriptors.js';
import { spawnActor } from '../helpers/spawnActor.js';
import { tempFolder } from '../helpers/tempFolder.js';
import { until } from '../helpers/until.js';

const SUCCESSOR = { access_token: 'a9', refresh_token: 'r9' };
const ACTOR = 'spec/node/fileStoreActor.ts';
const now = () => performance.timeOrigin + performance.now();

function bench() {
  const path = join(tempFolder(), 'credentials.json');
  /** Waits for the lock in this process, and stays inside. */
  const take = (store = fileStore(path)) => {
    const state = { at: 0, subscription: undefined as unknown as Subscription };
    state.subscription = store.lock
      .hold(() => {
        state.at = now();
        return NEVER;
      })
      .subscribe();
    return state;
  };
  return { path, take, actor: () => spawnActor(ACTOR, { args: [path] }) };
}

describe('the lock of fileStore', () => {
  it('lets one process in at a time, and the next at once when the first is killed', async () => {
    const { actor, take } = bench();
    const delays: number[] = [];
    for (let round = 0; round < 3; round++) {
      const holder = await actor();
      await holder.call('hold');
      const waiter = take();
      await pause(20);
      expect(waiter.at).toBe(0);
      const killedAt = now();
      await holder.kill();
      await until(() => waiter.at > 0);
      delays.push(waiter.at - killedAt);
      waiter.subscription.unsubscribe();
    }
    expect(Math.min(...delays)).toBeLessThan(50); // a busy machine may delay the others
  });

  it('stays with a holder that is stopped, for as long as it is', async () => {
    const { actor, take } = bench();
    const holder = await actor();
    await holder.call('hold');
    await holder.kill('SIGSTOP');
    const waiter = take();
    await pause(300);
    expect(waiter.at).toBe(0);
    await holder.kill('SIGCONT');
    await pause(30);
    expect(waiter.at).toBe(0);
    await holder.call('release');
    await until(() => waiter.at > 0);
    waiter.subscription.unsubscribe();
  });

  it('tells other processes who holds it', async () => {
    const { actor, path } = bench();
    const [holder, other] = await Promise.all([actor(), actor()]);
    await holder.call('hold');
    expect(await other.call('holder')).toMatchObject({
      by: expect.stringContaining(`pid ${holder.process.pid} `),
    });
    expect(await other.call('holder')).toMatchObject({ since: expect.any(Number) }); // asking takes nothing away
    expect(await firstValueFrom(from(fileStore(path).lock.holder!()))).not.toBeNull();
    expect(descriptors(`${path}.lock`)).toBe(0);
    await holder.kill();
    expect(await other.call('holder')).toBeNull(); // though its note still stands
    expect(descriptors(`${path}.lock`)).toBe(0);
  });

  it('has one waiter in a process, however many wait there, and none when they have left', async () => {
    const { actor, path, take } = bench();
    const holder = await actor();
    await holder.call('hold');
    const store = fileStore(path);
    const waiters = [take(), take(), take(store), take(store)];
    await until(() => descriptors(`${path}.lock`) === 1);
    await pause(20);
    expect(descriptors(`${path}.lock`)).toBe(1);

    waiters[0]!.subscription.unsubscribe();
    waiters[2]!.subscription.unsubscribe();
    await pause(20);
    expect(descriptors(`${path}.lock`)).toBe(1);

    await holder.call('release');
    await until(() => waiters[1]!.at > 0);
    await pause(10);
    expect(waiters.map(({ at }) => at > 0)).toEqual([false, true, false, false]);
    waiters[1]!.subscription.unsubscribe();
    await until(() => waiters[3]!.at > 0);
    waiters[3]!.subscription.unsubscribe();
    await until(() => descriptors(`${path}.lock`) === 0);
    await holder.call('hold');
  });

  it('leaves no ghost when the only waiter leaves, whenever it does', async () => {
    const { actor, path, take } = bench();
    const holder = await actor();
    await holder.call('hold');
    for (let ms = 0; ms < 12; ms++) {
      const waiter = take();
      await pause(ms / 2);
      waiter.subscription.unsubscribe();
    }
    await until(() => descriptors(`${path}.lock`) === 0);
    await holder.call('release');
    await holder.call('hold');
    await holder.call('release');
    for (let ms = 0; ms < 12; ms++) {
      const hasty = take(); // free now: it may leave just when it gets in
      await pause(ms / 8);
      hasty.subscription.unsubscribe();
    }
    await holder.call('hold');
    await until(() => descriptors(`${path}.lock`) === 0);
  });

  it('leaves no ghost when it is left in the very moment it is got', async () => {
    const { path, take } = bench();
    const first = take(); // makes the file: from then on a free lock is a matter of microtasks
    await until(() => first.at > 0);
    first.subscription.unsubscribe();
    for (let microtasks = 0; microtasks < 20; microtasks++) {
      await until(() => descriptors(`${path}.lock`) === 0);
      const waiter = take();
      for (let nth = 0; nth < microtasks; nth++) await Promise.resolve();
      waiter.subscription.unsubscribe();
    }
    await until(() => descriptors(`${path}.lock`) === 0);
    const last = take();
    await until(() => last.at > 0);
    last.subscription.unsubscribe();
  });

  it('is one lock again after somebody has removed its file', async () => {
    const { actor, path, take } = bench();
    const [first, second] = await Promise.all([actor(), actor()]);
    await first.call('hold');
    const waiter = take(); // for the file that is now removed
    await until(() => descriptors(`${path}.lock`) === 1);
    rmSync(`${path}.lock`);
    await second.call('hold'); // of a new file
    await first.call('release');
    await pause(40);
    expect(waiter.at).toBe(0);
    await second.call('release');
    await until(() => waiter.at > 0);
    waiter.subscription.unsubscribe();
  });

  it('that is no longer the one of its path is not good for sending: others may be in by now', async () => {
    const { path } = bench();
    const store = fileStore(path);
    const leases: Lease[] = [];
    const inside = store.lock.hold((lease) => (leases.push(lease), NEVER)).subscribe();
    await until(() => leases.length > 0);
    expect(leases[0]!.remainingMs()).toBe(Infinity);
    rmSync(`${path}.lock`); // as people do to what looks stale
    expect(leases[0]!.remainingMs()).toBe(0);
    writeFileSync(`${path}.lock`, '');
    expect(leases[0]!.remainingMs()).toBe(0);
    inside.unsubscribe();
    await until(() => descriptors(`${path}.lock`) === 0);
    expect(leases[0]!.remainingMs()).toBe(0);
  });

  describe('whose path is a link that is turned', () => {
    const turning = () => {
      const { path, take } = bench();
      const folder = dirname(path);
      const files = ['one', 'two'].map((name) => join(folder, name)) as [string, string];
      for (const [index, file] of files.entries()) {
        writeFileSync(file, JSON.stringify({ access_token: `a${index}`, refresh_token: `r${index}` }));
      }
      symlinkSync('one', path);
      const turn = () => {
        symlinkSync('two', join(folder, 'next'));
        renameSync(join(folder, 'next'), path);
      };
      return { path, take, files, turn };
    };

    it('while somebody waits for it is then the one of the other file', async () => {
      const { take, files, turn, path } = turning();
      const first = take();
      await until(() => first.at > 0);
      const waiter = take(fileStore(path));
      turn();
      const other = take(fileStore(files[1]));
      await until(() => other.at > 0);
      first.subscription.unsubscribe();
      await until(() => descriptors(`${files[0]}.lock`) === 0);
      expect(waiter.at).toBe(0);
      other.subscription.unsubscribe();
      await until(() => waiter.at > 0);
      waiter.subscription.unsubscribe();
    });

    it('before anything is sent is not good for sending', async () => {
      const { path, turn } = turning();
      const remaining = await firstValueFrom(
        fileStore(path).lock.hold((lease) => {
          turn();
          return of(lease.remainingMs());
        }),
      );
      expect(remaining).toBe(0);
    });

    /** Saves a successor after `change`, in mid-refresh. */
    const refreshed = async (path: string, change: () => void) => {
      const store = fileStore(path);
      const { credentials, version } = await firstValueFrom(from(store.read()));
      const written$ = store.lock.hold((lease) =>
        concat(
          from(lease.prepare(credentials!, version, 1, 2)).pipe(ignoreElements()),
          defer(() => (change(), store.write(SUCCESSOR, version))),
        ),
      );
      expect(await firstValueFrom(written$)).toMatchObject({
        written: true,
        snapshot: { credentials: SUCCESSOR },
      });
      return store;
    };
    const contentOf = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

    it('when something was sent saves the answer where its parent is', async () => {
      const { path, files, turn } = turning();
      const store = await refreshed(path, turn);
      expect(contentOf(files[0])).toEqual(SUCCESSOR);
      expect(contentOf(files[1])).toMatchObject({ refresh_token: 'r1' });
      await firstValueFrom(from(store.write(SUCCESSOR, ANY_VERSION))); // a sign-in is for where it leads now
      expect(contentOf(files[1])).toEqual(SUCCESSOR);
    });

    it('to a copy of the parent saves the answer there', async () => {
      const { path, files, turn } = turning();
      await refreshed(path, () => (copyFileSync(files[0], files[1]), turn()));
      expect(contentOf(files[1])).toEqual(SUCCESSOR);
    });

    it('and was none before saves the answer where the parent was moved', async () => {
      const { files } = turning();
      const [file, moved] = [files[0], `${files[0]}.moved`];
      await refreshed(file, () => (renameSync(file, moved), symlinkSync(moved, file)));
      expect(contentOf(moved)).toEqual(SUCCESSOR);
      expect(readlinkSync(file)).toBe(moved);
    });
  });

  it('waits, rather than fails, when taken again by who has it', async () => {
    const { path, take } = bench();
    const outer = take();
    await until(() => outer.at > 0);
    const inner = take(fileStore(path));
    await pause(30);
    expect(inner.at).toBe(0);
    outer.subscription.unsubscribe();
    await until(() => inner.at > 0);
    inner.subscription.unsubscribe();
  });

  it('keeps a process that waits for it alive, and one that does not, not', async () => {
    const { actor } = bench();
    const [holder, waiter] = await Promise.all([actor(), actor()]);
    await holder.call('hold');
    waiter.call('hold').catch(() => undefined); // its channel is closed when it could answer
    waiter.call('disconnect').catch(() => undefined);
    await pause(100);
    expect(waiter.process.exitCode).toBeNull();
    await holder.call('release');
    await until(() => waiter.process.exitCode === 0);
  });
});
