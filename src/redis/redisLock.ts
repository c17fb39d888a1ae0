import {
  concatMap,
  defer,
  exhaustMap,
  filter,
  first,
  map,
  merge,
  noop,
  Observable,
  of,
  repeat,
  timer,
} from 'rxjs';
import { MISSED } from './channels.js';
import type { CredentialLock, LockHolder } from '../contracts.js';
import { FREED } from './freed.js';
import { leased, toldMs, type Grant } from './redisLease.js';
import { ACQUIRE, HOLDER, RELEASE } from './scripts.js';
import type { Site } from './site.js';

/** Whoever lets go says so; this is for those who died, and irregular, so that nobody starves. */
const pollMs = (): number => 50 + 50 * Math.random();

/** The refresh lock: a lease with an owner, that lapses unless it is renewed. */
export function redisLock(site: Site): CredentialLock {
  return {
    lossy: true,
    leaseMs: toldMs(site.leaseMs),
    hold: (critical) => defer(() => taken(site)).pipe(concatMap((grant) => leased(site, grant, critical))),
    holder: () =>
      site.ask(HOLDER).pipe(map((owner) => (owner === null ? null : holderFrom(owner as string)))),
  };
}

/** Tells owners apart, and people who it is. */
function ownerOf({ by }: Site): string {
  return [crypto.randomUUID(), Date.now(), by].join(' ');
}

function holderFrom(owner: string): LockHolder {
  const [, since, ...by] = owner.split(' ');
  return { by: by.join(' '), since: Number(since) };
}

/** Emits the lease, once it is ours. Who has left by then is not given it. */
function taken(site: Site): Observable<Grant> {
  const { keys, channels, leaseMs } = site;
  const owner = ownerOf(site);
  const isGrant = (grant: Grant | null): grant is Grant => grant !== null;

  const attempt$ = new Observable<Grant | null>((subscriber) => {
    const askedAt = performance.now();
    let asked: Promise<unknown> | undefined;
    const sent = (answer: Promise<unknown>): void => void (asked = answer);
    const giveBack = (): void =>
      void site.insist(RELEASE, owner, keys.channel, FREED).subscribe({ error: noop }); // or it lapses
    // Not torn down with its subscriber: what is granted to somebody who has left is given back.
    site.askTelling(sent, ACQUIRE, owner, String(leaseMs)).subscribe({
      next(fence) {
        if (subscriber.closed && fence !== null) giveBack();
        subscriber.next(fence === null ? null : { owner, fence: fence as string, askedAt });
      },
      error(error: unknown) {
        asked?.then(giveBack, giveBack); // nobody knows whether it was granted, or will be: ioredis sends it again
        subscriber.error(error);
      },
      complete: () => subscriber.complete(),
    });
  });
  const freed$ = channels(keys.channel).pipe(filter((said) => said === FREED || said === MISSED));
  const polls$ = defer(() => timer(pollMs())).pipe(repeat());
  const later$ = merge(freed$, polls$).pipe(exhaustMap(() => attempt$));

  return attempt$.pipe(
    concatMap((grant) => (isGrant(grant) ? of(grant) : later$)),
    first(isGrant),
  );
}
