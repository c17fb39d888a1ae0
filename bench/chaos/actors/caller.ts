/** A process that needs a valid token again and again, and tells what happens to it. */
import { setTimeout as pause } from 'node:timers/promises';
import { filter } from 'rxjs';
import { createTokenManager, type ReusePolicy, TokenError } from 'rx-token';
import { seededRandom } from 'rx-token/testing';
import type { StoreDescription } from '../stores/backend.js';
import { openStore } from '../stores/openStore.js';
import { type Breakage, perhapsBroken } from './breakages.js';

export interface CallerConfig {
  readonly id: string;
  readonly store: StoreDescription;
  readonly url: string;
  readonly reuse: ReusePolicy;
  readonly skewMs: number;
  readonly refreshAheadMs: number;
  /** Between two calls, on average. */
  readonly pauseMs: number;
  readonly refreshTimeoutMs?: number | undefined;
  /** How far the clock of this machine is off. */
  readonly clockOffsetMs: number;
  readonly seed: number;
  readonly breakage?: Breakage | undefined;
}

/** What it tells, unasked. */
export type CallerTold =
  /** It is about to make its first call. */
  | { readonly type: 'begun' }
  /** It has had a token. */
  | { readonly type: 'ready' }
  /** A token that it was given is durable. */
  | { readonly type: 'saved'; readonly expiresAt: number }
  | { readonly type: 'rejected'; readonly code: string }
  | { readonly type: 'tally'; readonly tally: Tally };

/** What it has lived through since it was told to `count`; told when it is asked to `end`. */
export interface Tally {
  readonly calls: number;
  /** Calls whose promise had not settled by the end of the macrotask they were made in. */
  readonly waited: number;
  /** Calls made while a refresh was under way here. */
  readonly meanwhile: number;
  readonly tokens: number;
  /** Failed calls, by code. */
  readonly failures: Readonly<Record<string, number>>;
}

const config = JSON.parse(process.argv[2] ?? '{}') as CallerConfig;
const random = seededRandom(config.seed);
const tell = (told: CallerTold, then?: () => void): void =>
  void process.send?.(told, undefined, undefined, then);

if (config.clockOffsetMs !== 0) {
  const { now } = Date;
  Date.now = () => now() + config.clockOffsetMs;
}

const opened = await openStore(config.store);
const tokens = createTokenManager({
  store: perhapsBroken(opened.store, config.breakage),
  // `refreshOverHttp`, saying in addition who asks
  refresh: ({ refresh_token = '' }, { signal }) =>
    fetch(config.url, {
      method: 'POST',
      headers: { 'x-actor': config.id },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
      redirect: 'manual',
      signal,
    }),
  provider: { name: 'chaos', reuse: config.reuse },
  skewMs: config.skewMs,
  refreshAheadMs: config.refreshAheadMs,
  retry: () => 100,
  ...(config.refreshTimeoutMs !== undefined && { refreshTimeoutMs: config.refreshTimeoutMs }),
});

let isRefreshing = false;
tokens.state$.subscribe(({ status }) => (isRefreshing = status === 'refreshing'));
tokens.events$
  .pipe(
    filter((event) => event.type === 'refreshed'),
    filter(({ by }) => by === 'self'),
  )
  .subscribe(({ expiresAt = Infinity }) => tell({ type: 'saved', expiresAt }));

const seen = new Set<string>();
const failures: Record<string, number> = {};
let calls = 0;
let waited = 0;
let meanwhile = 0;
let isOver = false as boolean;

process.on('disconnect', () => process.exit());
process.on('message', (asked: 'count' | 'end') => {
  if (asked === 'end') isOver = true;
  else calls = waited = meanwhile = 0;
});

tell({ type: 'begun' });
await call(); // loads what is stored
tell({ type: 'ready' });
while (!isOver) {
  await call();
  await pause(config.pauseMs * (0.5 + random()));
}
tokens.dispose();
await opened.close();
process.removeAllListeners('disconnect'); // a refresh that was sent is still saved
tell({ type: 'tally', tally: { calls, waited, meanwhile, tokens: seen.size, failures } }, () =>
  process.disconnect(),
);

async function call(): Promise<void> {
  let isSettled = false;
  calls++;
  if (isRefreshing) meanwhile++;
  const asked = tokens.getValidToken().finally(() => (isSettled = true));
  setImmediate(() => {
    if (!isSettled) waited++;
  });
  try {
    seen.add(await asked);
  } catch (error) {
    const code = error instanceof TokenError ? error.code : String(error);
    failures[code] = (failures[code] ?? 0) + 1;
    if (code === 'rotation_lost' || code === 'refresh_rejected') tell({ type: 'rejected', code });
    await pause(50);
  }
}
