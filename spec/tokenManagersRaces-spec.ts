import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NEVER, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { mergeRotation, tokenManagers } from 'rx-token';
import { fakeAuthorizationServer, seededRandom } from 'rx-token/testing';
import { database } from './helpers/database.js';
import { codeOf } from './helpers/diary.js';
import { faultyStore } from './helpers/faultyStore.js';
import { seconds } from './helpers/units.js';

type Move =
  'ask' | 'ask and leave' | 'renew' | 'subscribe' | 'unsubscribe' | 'let go' | 'full' | 'down' | 'slow';
interface Step {
  readonly at: number;
  readonly key: string;
  readonly move: Move;
}

const KEYS = ['alice', 'bob', 'carol'];
const IDLE_MS = 1_000;
const REST_MS = seconds(300);

/**
 * A service in virtual time: ten-second tokens, managers that go after a second or for want of room, a provider that
 * takes its time and revokes everything when it sees a token twice. Judged from outside.
 */
function play(steps: readonly Step[], seed: number, maxActive: number) {
  const scheduler = new VirtualTimeScheduler();
  const random = seededRandom(seed);
  const server = fakeAuthorizationServer({
    scheduler,
    accessTokenLifetimeMs: seconds(10),
    latencyMs: () => 1 + Math.floor(random() * 3_000),
    seed,
  });
  const db = database();
  for (const key of KEYS) db.seed(key, mergeRotation(null, server.signIn(), 0));
  let refusals = 0;
  const complaints: string[] = [];
  const users = tokenManagers({
    store: (key) =>
      faultyStore(db.open(key), (action) => {
        if (action === 'write' && refusals > 0 && refusals--) throw new Error('The disk is full');
        return undefined;
      }),
    refresh: (_key, held) => server.refresh(held),
    scheduler,
    random,
    idleMs: IDLE_MS,
    maxActive,
  });
  let waiting = 0;
  let lettingGo = false;
  const subscriptions = new Map<string, Subscription>();

  function ask(key: string, rejected?: string): Subscription {
    waiting++;
    const { validToken$, renewal } = users.of(key);
    return (rejected === undefined ? validToken$ : renewal(rejected)).subscribe({
      next(token) {
        waiting--;
        if (token === rejected) complaints.push(`${key} got back what was rejected`);
        if (!server.isAccessTokenValid(token)) complaints.push(`${key} got a token that is not valid`);
      },
      error(error: unknown) {
        waiting--;
        const code = codeOf(error);
        if (code === 'disposed' && !lettingGo) complaints.push(`${key}: disposed, and nobody has`);
        if (code !== 'disposed' && code !== 'refresh_unavailable' && code !== 'store_unwritable')
          complaints.push(`${key}: ${String(code)}`);
      },
    });
  }

  const moves: Record<Move, (key: string) => unknown> = {
    ask,
    'ask and leave': (key) => {
      const asked = ask(key);
      if (!asked.closed) waiting--;
      asked.unsubscribe();
    },
    renew: (key) => {
      let served: string | undefined;
      users
        .of(key)
        .credentials$.subscribe((held) => (served = held?.access_token))
        .unsubscribe();
      if (served !== undefined) ask(key, served);
    },
    subscribe(key) {
      if (subscriptions.get(key)?.closed === false) return;
      subscriptions.set(
        key,
        users.of(key).token$.subscribe({ error: () => complaints.push(`${key}: token$ has failed`) }),
      );
    },
    unsubscribe: (key) => subscriptions.get(key)?.unsubscribe(),
    'let go'(key) {
      lettingGo = true;
      users.of(key).dispose();
      lettingGo = false;
    },
    full: () => (refusals = 2),
    down: () => server.faults.next({ status: 503 }),
    slow: () => server.faults.next({ replyDelayMs: seconds(4) }),
  };
  for (const { at, key, move } of steps) scheduler.schedule(() => void moves[move](key), at);
  const lastAt = Math.max(0, ...steps.map(({ at }) => at));
  scheduler.schedule(() => KEYS.forEach(moves.unsubscribe), lastAt + seconds(60));
  scheduler.maxFrames = lastAt + REST_MS;
  scheduler.flush();

  if (waiting !== 0) complaints.push(`${waiting} wait for ever`);
  if (users.size !== 0) complaints.push(`${users.size} managers stay`);
  if (db.watchers !== 0) complaints.push(`${db.watchers} watchers stay`);
  users.dispose();
  return { complaints, counters: server.counters };
}

describe('managers that come and go', () => {
  const steps = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: seconds(60) }),
      key: fc.constantFrom(...KEYS),
      move: fc.constantFrom<Move[]>(
        ...([
          'ask',
          'ask and leave',
          'renew',
          'subscribe',
          'unsubscribe',
          'full',
          'down',
          'slow',
          'let go',
        ] as const),
      ),
    }),
    { maxLength: 40, size: 'max' },
  );

  it('present no refresh token twice, serve everybody, and leave nothing behind, whatever the order', () => {
    fc.assert(
      fc.property(steps, fc.integer(), fc.integer({ min: 1, max: 3 }), (plan, seed, maxActive) => {
        const { complaints, counters } = play(plan, seed, maxActive);
        expect(complaints).toEqual([]);
        expect(counters).toMatchObject({ reuses: 0, familiesRevoked: 0 });
      }),
      { numRuns: 60 * Number(process.env['RUNS'] ?? 1), interruptAfterTimeLimit: 60_000 },
    );
  });
});

describe('E4: ten thousand keys', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;

  it('come and go, and leave no manager, watcher, timer or store behind', () => {
    const scheduler = new VirtualTimeScheduler();
    const db = database();
    const users = tokenManagers({
      store: (key) => {
        const { isVolatile, ...rest } = db.open('one for all');
        expect(isVolatile).toBeUndefined();
        return { ...rest, lock: db.row(key.slice(0, 0)).lock };
      },
      acquire: () => NEVER,
      scheduler,
      idleMs: seconds(10),
      maxActive: Infinity,
    });
    db.seed('one for all', { access_token: 'A1' });
    let served = 0;
    const heap: number[] = [];
    for (const keys of [1_000, 10_000]) {
      for (let nth = 0; nth < keys; nth++) {
        users.of(`${nth} of ${keys}`).validToken$.subscribe(() => served++);
      }
      expect([users.size, db.watchers]).toEqual([keys, keys]);
      expect(scheduler.actions).toHaveLength(1); // one timer for all
      scheduler.maxFrames = scheduler.now() + seconds(60);
      scheduler.schedule(() => undefined, seconds(59));
      scheduler.flush();
      expect([users.size, db.watchers, scheduler.actions.length]).toEqual([0, 0, 0]);
      db.opened.length = 0;
      gc();
      heap.push(process.memoryUsage().heapUsed);
    }
    expect(served).toBe(11_000);
    const grownPerKey = (heap[1]! - heap[0]!) / 10_000;
    console.info(`heap grown by ${grownPerKey.toFixed(1)} bytes for each key that came and went`);
    expect(grownPerKey).toBeLessThan(50);
    users.dispose();
  });

  it('cost this much each, while they are there', async () => {
    const KEYS_EACH = 1_000;
    const users = tokenManagers({ refresh: () => NEVER, idleMs: Infinity, maxActive: Infinity });
    const credentials = { access_token: 'A1', refresh_token: 'R1', expires_at: Date.now() + 3_600_000 };
    const signIn = async (round: string) => {
      for (let nth = 0; nth < KEYS_EACH; nth++) await users.of(`${round} ${nth}`).set(credentials);
    };
    await signIn('warm up');
    gc();
    const before = process.memoryUsage().heapUsed;
    await signIn('measured');
    gc();
    const bytes = (process.memoryUsage().heapUsed - before) / KEYS_EACH;
    console.info(
      `an idle manager that is still there, with its memory store: ${(bytes / 1024).toFixed(1)} KiB`,
    );
    expect(users.size).toBe(2 * KEYS_EACH);
    expect(bytes).toBeLessThan(64 * 1024);
    users.dispose();
  });
});
