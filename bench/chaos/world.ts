import {
  exhaustMap,
  filter,
  firstValueFrom,
  from,
  interval,
  merge,
  noop,
  Subject,
  tap,
  type Observable,
} from 'rxjs';
import { createTokenManager, type ReusePolicy, type Snapshot } from 'rx-token';
import { setTimeout as pause } from 'node:timers/promises';
import type { CallerConfig, CallerTold, Tally } from './actors/caller.js';
import { createCrew } from './crew.js';
import type { Setting } from './experiment.js';
import { type ProviderConfig, startProvider } from './provider.js';
import type { Found } from './stores/backend.js';
import { openStore } from './stores/openStore.js';

export interface WorldConfig extends Omit<ProviderConfig, 'seed'> {
  readonly reuse: ReusePolicy;
  readonly skewMs?: number;
  readonly refreshAheadMs?: number;
  readonly pauseMs?: number;
  /** How long an exchange may take; a lease, where there is one, lasts a little longer. Default: as usual. */
  readonly refreshTimeoutMs?: number | undefined;
  /** How far the clock of a process is off. */
  readonly clockOffsetMs?: (nth: number) => number;
}

/** A lease lasts so much longer than an exchange may take. */
const LEASE_ROOM_MS = 500;
/** Of stores with a lease, where processes are killed or stopped inside: nobody gets in before it lapses. */
export const QUICK_EXCHANGE_MS = 2500;

/** A grant that was lost, by the refresh token that was still stored. */
interface Loss {
  /** When we saw the dead mark. */
  readonly at: number;
  readonly codes: Set<string>;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** One credential that is signed in, its provider, and processes that call `getValidToken()` as long as they live. */
export async function openWorld(setting: Setting, config: WorldConfig) {
  const { standing } = setting;
  const { refreshTimeoutMs } = config;
  const leaseMs = refreshTimeoutMs === undefined ? undefined : refreshTimeoutMs + LEASE_ROOM_MS;
  const description = standing.describe({ leaseMs });
  const provider = await startProvider({ ...config, seed: setting.seed });
  const { server } = provider;
  const opened = await openStore(description);
  const { store } = opened;
  const signer = createTokenManager({
    store,
    refresh: () => Promise.reject(new Error('never called')),
    ...(refreshTimeoutMs !== undefined && { refreshTimeoutMs }),
  });
  const readStore = (): Promise<Snapshot> => firstValueFrom(from(store.read()));
  await signer.set(server.signIn());

  let started = 0;
  const crew = createCrew<CallerTold>(setting.scripts.caller, (id): CallerConfig => ({
    id,
    store: description,
    url: provider.url,
    reuse: config.reuse,
    skewMs: config.skewMs ?? 0,
    refreshAheadMs: config.refreshAheadMs ?? 0,
    pauseMs: config.pauseMs ?? 15,
    refreshTimeoutMs,
    clockOffsetMs: config.clockOffsetMs?.(started++) ?? 0,
    seed: setting.seed + Number(id),
    breakage: setting.breakage,
  }));

  const losses = new Map<string, Loss>();
  const unreadable = new Set<string>();
  let reads = 0;
  let codes = new Set<string>();
  const rejected$ = crew.told$.pipe(
    tap(({ told }) => told.type === 'rejected' && codes.add(told.code)),
    filter(({ told }) => told.type === 'rejected'),
  );

  /** A loss is noted, left to stand for a while, so that everybody may run into it, and mended by a sign-in. */
  async function mend(): Promise<void> {
    const { credentials, dead } = await readStore();
    if (!dead || !credentials?.refresh_token) return;
    losses.set(credentials.refresh_token, { at: Date.now(), codes });
    const giveUpAt = Date.now() + 10_000;
    while (codes.size === 0 && Date.now() < giveUpAt) await pause(10);
    await pause(250);
    await signer.set(server.signIn());
    codes = new Set();
  }

  /** A server that is down is looked at again. */
  const mendIfReadable = (): Promise<void> => (standing.server ? mend().catch(noop) : mend());

  const found$ = new Subject<Found>();
  const watching = found$.subscribe((found) => {
    reads++;
    if (typeof found === 'string') unreadable.add(found);
  });
  watching.add(merge(rejected$, interval(200)).pipe(exhaustMap(mendIfReadable)).subscribe());
  watching.add(interval(5).pipe(exhaustMap(standing.look)).subscribe(found$));

  return {
    standing,
    provider,
    /** What an outsider has found, again and again. */
    found$: found$ as Observable<Found>,
    crew,
    losses: losses as ReadonlyMap<string, Loss>,
    unreadable: unreadable as ReadonlySet<string>,
    get reads() {
      return reads;
    },

    /** Starts the crew, and waits until each has had a token. */
    async startAll(): Promise<void> {
      for (let nth = 0; nth < setting.processes; nth++) crew.start();
      const giveUpAt = Date.now() + 60_000;
      while (crew.active().length < setting.processes) {
        if (Date.now() > giveUpAt || crew.crashes.length > 0) {
          throw new Error(
            `The processes do not start: ${crew.crashes[0] ?? 'one has had no token for 60 s'}`,
          );
        }
        await pause(10);
      }
    },

    /** A process on what the others have left; returns once it has refreshed and gone, with what lies about. */
    async cleanStart(): Promise<string[]> {
      const member = crew.start();
      const giveUpAt = Date.now() + 20_000;
      const isDone = (): boolean =>
        member.told.some(({ type }) => type === 'saved') || crew.crashes.length > 0 || Date.now() > giveUpAt;
      while (!isDone()) await pause(20);
      await crew.end();
      if (Date.now() > giveUpAt) return ['(a clean start got no new token within 20 s)'];
      return standing.leftovers();
    },

    /** What the processes that ended in peace have lived through. */
    tallies(): Tally[] {
      return [...crew.all.values()].flatMap(({ told }) =>
        told.flatMap((one) => (one.type === 'tally' ? [one.tally] : [])),
      );
    },

    async close(): Promise<void> {
      watching.unsubscribe();
      signer.dispose();
      await opened.close();
      await crew.killAll();
      await provider.close();
    },
  };
}
