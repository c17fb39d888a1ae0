/** A process that refreshes and signs in on a disk that fails, and looks at what is left of the credential. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { defer, filter, firstValueFrom, merge, tap, timer } from 'rxjs';
import { createTokenManager, type CredentialStore, type TokenResponse } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { type Breakage, perhapsBroken } from './breakages.js';
import { type TroubleName, troubles } from './troubles.js';

export interface WriterConfig {
  readonly path: string;
  readonly url: string;
  readonly trouble: TroubleName;
  readonly seconds: number;
  /** To sign in with, in turn. */
  readonly signIns: readonly TokenResponse[];
  readonly breakage?: Breakage | undefined;
}

export type WriterTold =
  | { readonly type: 'ready' }
  | {
      readonly type: 'round';
      readonly name: string;
      /** Room was reserved, and then the server rotated. */
      readonly reserved: boolean;
      /** The new credential was in place although the trouble was still there. */
      readonly savedMeanwhile: boolean;
      readonly wrong: readonly string[];
    };

const {
  path,
  url,
  trouble: troubleName,
  seconds,
  signIns,
  breakage,
} = JSON.parse(process.argv[2] ?? '{}') as WriterConfig;
const tell = (told: WriterTold, then?: () => void): void =>
  void process.send?.(told, undefined, undefined, then);
const trouble = troubles[troubleName](path);
const PATIENCE_MS = 5000;

type Moment = 'before' | 'sent' | 'answered';
/** When the trouble begins in this round, and what was seen of it since. */
let moment: Moment | undefined;
let pages = 0;
let isReserved = false;
let isTroubled = false;
let given: string | undefined;

function arm(at: Moment, left: number): void {
  [moment, pages, isReserved, given] = [at, left, false, undefined];
}

function arrive(at: Moment): void {
  if (at !== moment || isTroubled) return;
  isTroubled = true;
  trouble.begin(pages);
}

function lift(): void {
  if (isTroubled) trouble.end();
  isTroubled = false;
}

/** Sees whether a reservation succeeds. */
function observed(store: CredentialStore): CredentialStore {
  const hold: CredentialStore['lock']['hold'] = (critical) =>
    store.lock.hold((lease) =>
      critical({
        ...lease,
        prepare: (...args) =>
          defer(() => lease.prepare(...args)).pipe(tap({ complete: () => (isReserved = true) })),
      }),
    );
  return { ...store, lock: { ...store.lock, hold } };
}

const tokens = createTokenManager({
  store: observed(perhapsBroken(fileStore(path), breakage)),
  async refresh({ refresh_token = '' }) {
    arrive('sent');
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
    const answer = (await (await fetch(url, { method: 'POST', body })).json()) as Record<string, unknown>;
    if (typeof answer['refresh_token'] === 'string') given = answer['refresh_token'];
    arrive('answered');
    return answer;
  },
  refreshAheadMs: 2 ** 30, // every call is welcome to refresh, though the token lasts
  retry: () => 20,
  maxWaitMs: 100,
});

const stored = (): string | undefined => {
  try {
    const { refresh_token } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    return String(refresh_token);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
      ? undefined
      : `nothing (${(error as Error).message})`;
  }
};

async function within(condition: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) return false;
    await pause(2);
  }
  return true;
}

let signedIn = 0;
function nextSignIn(): TokenResponse {
  const next = signIns[signedIn++ % signIns.length];
  if (!next) throw new Error('There is nothing to sign in with');
  return next;
}

const ways = {
  /** The token still lasts: nothing has to be sent. */
  async ahead() {
    const done = tokens.events$.pipe(
      filter(({ type }) => ['refreshed', 'refresh-failed', 'persist-failed'].includes(type)),
    );
    const settled = firstValueFrom(merge(done, timer(PATIENCE_MS)));
    await tokens.getValidToken().catch(() => undefined);
    await settled;
  },
  /** The token was rejected: only a new one will do. */
  async renew() {
    const { access_token = '' } = (await firstValueFrom(tokens.credentials$)) ?? {};
    await tokens.renew(access_token).catch(() => undefined);
  },
  async signIn() {
    const next = nextSignIn();
    const isDone = await tokens.set(next).then(
      () => true,
      () => false,
    );
    if (isDone) given = String(next.refresh_token);
  },
};

async function round(way: keyof typeof ways, at: Moment, left: number): Promise<void> {
  const before = stored();
  arm(at, left);
  const wrong: string[] = [];
  arrive('before');
  await ways[way]();
  const meanwhile = stored();
  const rotated = given; // by now, if ever
  const isIntact = (found: string | undefined): boolean => found === before || found === rotated;
  if (isTroubled && meanwhile !== undefined && !isIntact(meanwhile)) wrong.push(`the file held ${meanwhile}`);
  const isSecured = isReserved && rotated !== undefined;
  const savedMeanwhile = isTroubled && rotated !== undefined && meanwhile === rotated;
  if (isTroubled && isSecured && trouble.sparesReserved && !savedMeanwhile) {
    wrong.push('room was reserved, and the rotated token was not saved in it');
  }
  if (way === 'ahead' && rotated !== undefined && !isReserved) {
    wrong.push('nothing could be reserved, the token lasts, and yet a refresh was sent');
  }
  if (way === 'signIn' && isTroubled && rotated !== undefined && !savedMeanwhile) {
    wrong.push('set() resolved, and the file does not hold it');
  }
  lift();
  if (rotated !== undefined && !(await within(() => stored() === given)))
    wrong.push('a rotated token was lost');
  if (!isIntact(stored()) && stored() !== given)
    wrong.push(`the file holds ${stored() ?? 'what cannot be read'}`);
  tell({
    type: 'round',
    name: `${troubleName}, ${way}, ${at}, ${left}`,
    reserved: isSecured,
    savedMeanwhile,
    wrong,
  });
  moment = undefined;
  await tokens.peek().catch(() => undefined);
  await pause(25); // past `retryAt`
}

let isOver = false as boolean;
process.on('disconnect', () => process.exit());
process.on('message', () => (isOver = true));
process.on('exit', lift);

await tokens.set(nextSignIn());
await tokens.getValidToken();
tell({ type: 'ready' });
const endsAt = performance.now() + seconds * 1000;
do {
  for (let left = 0; left <= trouble.most; left++) {
    await round('ahead', 'before', left);
    await round('renew', 'before', left);
    await round('signIn', 'before', left);
  }
  for (const at of ['sent', 'answered'] as const) {
    await round('ahead', at, 0);
    await round('renew', at, 0);
  }
} while (!isOver && performance.now() < endsAt);
tokens.dispose();
if (process.connected) process.disconnect();
