import { setTimeout as pause } from 'node:timers/promises';
import type { Subscription } from 'rxjs';
import { alwaysWrong, failuresOf } from './complaints.js';
import type { Finding, Setting } from './experiment.js';
import { openWorld, QUICK_EXCHANGE_MS, type World } from './world.js';

/** Longer than the leases of several holders that are stopped one after another. */
const GRACE_MS = 60_000;

/**
 * What a lease cannot keep, since it can lapse under its holder, the compare-and-set has to: that none
 * overwrites a newer credential. The provider forgives, and answers a second request with another token.
 *
 * @param trouble begins to make leases lapse, and counts how often
 * @param quietMs how long after it all have what they need to go on
 */
export async function underLapses(
  setting: Setting,
  trouble: (world: World) => { readonly going: Subscription; readonly told: () => string },
  quietMs: number,
): Promise<Finding> {
  const world = await openWorld(setting, {
    rotation: { graceMs: GRACE_MS, kind: 'forking' },
    reuse: { graceMs: GRACE_MS },
    lifetimeMs: 300,
    latencyMs: 30,
    refreshTimeoutMs: QUICK_EXCHANGE_MS,
  });
  const { provider, crew } = world;
  const { server } = provider;
  try {
    const order = watchOrder(world);
    await world.startAll();
    const { going, told } = trouble(world);
    const endsAt = Date.now() + 1000 * Math.max(4, setting.seconds);
    while (Date.now() < endsAt) {
      setting.progress(`${told()}, ${server.counters.refreshes} refreshes`);
      await pause(50);
    }
    going.unsubscribe();
    await pause(quietMs);
    await crew.end();

    const failures = failuresOf(world.tallies());
    const twice = [...server.presented.values()].reduce((sum, count) => sum + count - 1, 0);
    const { reuses } = server.counters;
    const violations = await alwaysWrong(world);
    // What nobody can prevent: whoever was paused between its last look at the lease and the wire sends too late.
    // And whoever was paused in the middle of an exchange finds on waking that its time is over.
    const isExcused = (wrong: string): boolean => reuses > 0 || wrong.endsWith('refresh_unavailable');
    violations.push(...failures.wrong.filter((wrong) => !isExcused(wrong)));
    if (order.back > 0)
      violations.push(`${order.back} times a newer credential was overwritten by an older one`);
    if (world.losses.size > reuses) violations.push(`${world.losses.size} grants lost, ${reuses} reuse`);
    return {
      measured:
        `${setting.processes} processes, ${told()}: ${server.counters.refreshes} refreshes, ${twice} double sends, ` +
        `${order.back} overwrites of a newer credential in ${order.seen} that were seen, ${world.losses.size} grants lost ` +
        `(${reuses} reuse outside of the grace); ${[failures.timeouts, ...failures.wrong].join(', ')}`,
      violations,
    };
  } finally {
    await world.close();
  }
}

/** Watches in which order credentials are stored: never one that was issued before the one in its place. */
function watchOrder({ provider, found$ }: World): { readonly seen: number; readonly back: number } {
  const order = { seen: 0, back: 0 };
  let present: string | undefined;
  const placeOf = (token = ''): number => provider.decisions.findLastIndex(({ issued }) => issued === token);
  found$.subscribe((found) => {
    if (typeof found === 'string' || found.refresh === present) return;
    const isBack = placeOf(found.refresh) !== -1 && placeOf(found.refresh) < placeOf(present);
    order.seen++;
    if (isBack) order.back++;
    present = found.refresh;
  });
  return order;
}
