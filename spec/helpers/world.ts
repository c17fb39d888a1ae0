import { defer, mergeMap, of, type Subscription, VirtualTimeScheduler } from 'rxjs';
import {
  createTokenManager,
  type CredentialStore,
  memoryStore,
  type TokenManager,
  type TokenManagerConfig,
} from 'rx-token';
import {
  fakeAuthorizationServer,
  type FakeAuthorizationServer,
  type FakeAuthorizationServerConfig,
  type Fault,
  seededRandom,
} from 'rx-token/testing';
import { codeOf } from './diary.js';
import { faultyStore } from './faultyStore.js';
import { seconds } from './units.js';
import { isFree, storedIn, touch } from './stored.js';

/** What can be done to a manager, to the store, or to the provider's next answer. */
export type Move =
  | 'ask'
  | 'ask and leave'
  | 'renew'
  | 'invalidate'
  | 'peek'
  | 'subscribe'
  | 'unsubscribe'
  | 'sign in'
  | 'sign out'
  | 'restart'
  | 'touch'
  | 'full'
  | 'down'
  | 'slow'
  | 'lost'
  | 'late';

export interface Step {
  readonly at: number;
  readonly who: number;
  readonly move: Move;
}

export interface WorldConfig {
  readonly managers: number;
  readonly seed: number;
  readonly server?: FakeAuthorizationServerConfig;
  readonly manager?: Partial<TokenManagerConfig>;
  /** In place of the store: to break it. */
  readonly store?: (store: CredentialStore) => CredentialStore;
}

export interface Outcome {
  readonly server: FakeAuthorizationServer;
  /** What went against a promise of the library, in words. */
  readonly complaints: readonly string[];
}

const faults = {
  down: { status: 503 },
  slow: { replyDelayMs: seconds(3) },
  lost: { commitThenDropReply: 'reset' },
  late: { replyDelayMs: seconds(7) },
} satisfies Partial<Record<Move, Fault>>;
/** Tokens are numbered in the order in which they were issued. */
const numberOf = (token: string): number => Number(token.slice(1));
const END_MS = seconds(60);
/** After the last move: for backoffs, for the store to take what it refused, for locks to come free. */
const REST_MS = seconds(240);

/**
 * Plays `steps` in virtual time: several managers on one store, ten-second tokens, a provider that takes its
 * time. Judges as outsiders do: by what is served, and by what the provider and the store have seen.
 */
export function play(steps: readonly Step[], config: WorldConfig): Outcome {
  const complaints: string[] = [];
  /** Answers come in the order of their requests. */
  const isOrderly = !steps.some(({ move }) => move === 'late');
  const scheduler = new VirtualTimeScheduler();
  const random = seededRandom(config.seed);
  const server = fakeAuthorizationServer({
    scheduler,
    accessTokenLifetimeMs: seconds(10),
    latencyMs: () => (random() < 0.3 ? 1 : 1 + Math.floor(random() * 2_000)),
    tokenName: (kind, count) => `${kind === 'access' ? 'A' : 'R'}${count}`,
    ...config.server,
  });
  let refusals = 0;
  const shared = memoryStore();
  const store = faultyStore(config.store?.(shared) ?? shared, (action) => {
    if (action === 'write' && refusals > 0 && refusals--) throw new Error('The disk is full');
    return undefined;
  });
  const complain = (what: string): void => void complaints.push(`${scheduler.now()} ms: ${what}`);
  const actors = Array.from({ length: config.managers }, () => actor());

  function actor() {
    let waiting = 0;
    let served = 'none';
    let subscription: Subscription | undefined;
    let manager = start();

    function start(): TokenManager {
      return createTokenManager({
        store,
        scheduler,
        random,
        refresh: (held) => server.refresh(held), // deaf to the signal: what is late arrives late
        refreshTimeoutMs: seconds(5),
        ...config.manager,
      });
    }

    function ask(rejected?: string): Subscription {
      waiting++;
      const asked = manager;
      const token$ = rejected === undefined ? manager.validToken$ : manager.renewal(rejected);
      return token$.subscribe({
        next: (token) => {
          waiting--;
          served = token;
          if (token === rejected) complain(`${token} was served to one who had it rejected`);
          if (!server.isAccessTokenValid(token)) complain(`${token} was served, and is not valid`);
        },
        error: (error: unknown) => {
          waiting--;
          if (typeof codeOf(error) !== 'string') complain(`an error without a code: ${String(error)}`);
          if (codeOf(error) === 'disposed' && asked === manager) complain('disposed, and nobody has');
        },
      });
    }

    function subscribe(): void {
      let last = 0;
      subscription ??= manager.token$.subscribe({
        next(token) {
          served = token;
          if (numberOf(token) <= last && isOrderly) complain(`token$ went back from A${last} to ${token}`);
          last = numberOf(token);
        },
        error: () => complain('token$ has failed'),
      });
    }

    function unsubscribe(): void {
      subscription?.unsubscribe();
      subscription = undefined;
    }

    return {
      ask,
      subscribe,
      unsubscribe,
      get waiting() {
        return waiting;
      },
      get manager() {
        return manager;
      },
      /** What it was served, or told, last. */
      get served() {
        return served;
      },
      restart() {
        unsubscribe();
        const before = manager;
        manager = start();
        before.dispose();
      },
    };
  }

  function make({ who, move }: Step): void {
    const one = actors[who % actors.length]!;
    const current = storedIn(shared)?.access_token;
    const ignore = (promise: Promise<unknown>): void => void promise.catch(codeOf);
    switch (move) {
      case 'ask':
        one.ask();
        return;
      case 'ask and leave':
        return leaveSoon(one.ask());
      case 'renew':
        one.ask(one.served);
        return;
      case 'invalidate':
        return ignore(one.manager.invalidate());
      case 'peek':
        return ignore(one.manager.peek());
      case 'subscribe':
        return one.subscribe();
      case 'unsubscribe':
        return one.unsubscribe();
      case 'sign in':
        return ignore(one.manager.set(server.signIn()));
      case 'sign out':
        return ignore(one.manager.clear());
      case 'restart':
        return one.restart();
      case 'touch':
        if (current !== undefined) touch(shared, { touchedAt: scheduler.now() });
        return;
      case 'full':
        refusals += 3;
        return;
      case 'down':
      case 'slow':
      case 'lost':
      case 'late':
        return server.faults.next(faults[move]);
    }
  }

  let left = 0;
  function leaveSoon(caller: Subscription): void {
    scheduler.schedule(() => {
      if (caller.closed) return;
      caller.unsubscribe();
      left++;
    }, 300);
  }

  void actors[0]!.manager.set(server.signIn()).catch(codeOf);
  for (const step of steps) scheduler.schedule(() => make(step), step.at);
  scheduler.schedule(() => {
    server.faults.clear();
    refusals = 0;
    for (const one of actors) one.unsubscribe();
  }, END_MS);
  scheduler.maxFrames = END_MS + REST_MS;
  scheduler.flush();

  const stored = storedIn(shared);
  const waiting = actors.reduce((sum, one) => sum + one.waiting, 0) - left;
  if (waiting !== 0) complain(`${waiting} callers still wait`);
  if (stored && !Number.isFinite(stored.expires_at)) complain(`the store holds ${JSON.stringify(stored)}`);
  for (const one of actors) {
    one.manager.credentials$
      .subscribe((held) => {
        if (held?.access_token !== stored?.access_token) {
          complain(`a manager holds ${held?.access_token}, and the store ${stored?.access_token}`);
        }
      })
      .unsubscribe();
    one.manager.dispose();
  }
  if (!isFree(shared)) complain('the lock was not given back');
  return { server, complaints };
}

/** A lock that everybody is let through: it is given back before it has been used. */
export function withoutLock(store: CredentialStore): CredentialStore {
  const hold: CredentialStore['lock']['hold'] = (critical) =>
    store.lock.hold((lease) => of(lease)).pipe(mergeMap((lease) => defer(() => critical(lease))));
  return { ...store, lock: { ...store.lock, hold } };
}
