import { setTimeout as pause } from 'node:timers/promises';
import { delayWhen, filter, interval, timer } from 'rxjs';
import type { ReusePolicy } from 'rx-token';
import { type Rotation, seededRandom } from 'rx-token/testing';
import type { CallerTold } from '../actors/caller.js';
import { alwaysWrong } from '../complaints.js';
import type { Member } from '../crew.js';
import type { Experiment, Finding, Setting } from '../experiment.js';
import type { Decision } from '../provider.js';
import { openWorld, QUICK_EXCHANGE_MS, type World } from '../world.js';

const EVERY_MS = 40;
/** A process takes longer to start than to be killed: kills come in waves, from this share that is up to that. */
const WAVE = { from: 0.9, to: 0.2 };
/** This share of those who are granted a token are killed soon after the commit: by chance alone few would be. */
const AIMED = 0.5;
/** How soon, at most. */
const AIMED_MS = 40;
const GRACE_MS = 10_000;
/** Where the next holder comes in only when a lease has lapsed, three that are killed in a row are beyond that. */
const GRACE_OF_LEASES_MS = 60_000;

interface Manner {
  readonly rotation: Rotation;
  readonly reuse: ReusePolicy;
  readonly judge: (world: World, unsaved: ReadonlyMap<string, Decision>) => string[];
}

async function underFire(setting: Setting, { rotation, reuse, judge }: Manner): Promise<Finding> {
  const world = await openWorld(setting, {
    rotation,
    reuse,
    lifetimeMs: 300,
    latencyMs: 30,
    refreshTimeoutMs: setting.traits.includes('lease') ? QUICK_EXCHANGE_MS : undefined,
  });
  const { provider, crew, standing } = world;
  const random = seededRandom(setting.seed);
  const savedAtDeath = new Set<string>();
  let kills = 0;
  let aimed = 0;
  let isWave = true;
  let lastAt = Infinity;
  const gapsMs: number[] = [];

  function victim(): Member<CallerTold> | undefined {
    const up = crew.present().filter(({ isBegun, killedAt }) => isBegun && killedAt === undefined);
    if (up.length >= WAVE.from * setting.processes) isWave = true;
    if (up.length <= Math.max(1, WAVE.to * setting.processes)) isWave = false;
    return isWave ? up[Math.floor(random() * up.length)] : undefined;
  }

  function kill(one: Member<CallerTold>): void {
    kills++;
    crew.kill(one);
    crew.start();
  }

  try {
    await world.startAll();
    crew.gone$.subscribe((member) => {
      const issued = provider.decisions.filter(({ actor }) => actor === member.id).map((one) => one.issued);
      const note = (saved: string[]): void => {
        for (const token of saved) if (issued.includes(token)) savedAtDeath.add(token);
      };
      void standing.saved().then(note);
    });
    const began = Date.now();
    const killing = interval(EVERY_MS).subscribe(() => {
      const one = victim();
      const now = performance.now();
      if (one && now > lastAt) gapsMs.push(now - lastAt);
      lastAt = one ? now : Infinity;
      if (one) kill(one);
    });
    killing.add(
      provider.decided$
        .pipe(
          filter(() => random() < AIMED),
          delayWhen(() => timer(random() * AIMED_MS)),
        )
        .subscribe(({ actor }) => {
          const one = crew.present().find(({ id, killedAt }) => id === actor && killedAt === undefined);
          if (!one) return;
          aimed++;
          kill(one);
        }),
    );
    while (Date.now() - began < setting.seconds * 1000) {
      setting.progress(
        `${kills} kills, ${provider.server.counters.refreshes} refreshes, ${world.losses.size} grants lost, ` +
          `${crew.active().length} processes up`,
      );
      await pause(50);
    }
    killing.unsubscribe();
    const everyMs = gapsMs.sort((a, b) => a - b)[gapsMs.length >> 1] ?? Infinity;
    kills += crew.present().length;
    await crew.killAll();
    const leftovers = await world.cleanStart();

    const unsaved = await unsavedGrants(world);
    const violations = [...(await alwaysWrong(world)), ...judge(world, unsaved), ...presentedAgain(world)];
    if (leftovers.length > 0) violations.push(`leftovers after a clean start: ${leftovers.join(', ')}`);
    for (const { issued = '' } of unsaved.values()) {
      if (savedAtDeath.has(issued)) violations.push('a token that was whole on the disk was lost');
      if (saidSaved(world).has(issued)) violations.push('a token that was said to be saved was lost');
    }
    const { counters } = provider.server;
    return {
      measured:
        `${setting.processes} processes, ${kills} kills (in waves, one each ${everyMs.toFixed(0)} ms; ${aimed} aimed at the one ` +
        `that refreshes): ${counters.refreshes} refreshes; ${unsaved.size} kills between commit and durable write, ` +
        `${world.losses.size} grants lost; ${world.unreadable.size} of ${world.reads} reads failed, ` +
        `${leftovers.length} leftovers`,
      violations,
    };
  } finally {
    await world.close();
  }
}

/**
 * What the server has granted to processes that we killed, and that nobody had afterwards: by the refresh
 * token that was spent. What was saved, or was whole beside the file, is presented in its turn, or is there.
 */
async function unsavedGrants({ provider, crew, standing }: World): Promise<Map<string, Decision>> {
  const pair = await standing.look();
  const known = new Set([...provider.server.presented.keys(), typeof pair === 'string' ? '' : pair.refresh]);
  const unsaved = provider.decisions.filter(({ actor, issued }) => {
    const isKilled = crew.all.get(actor)?.killedAt !== undefined;
    return isKilled && issued !== undefined && !known.has(issued);
  });
  return new Map(unsaved.map((decision) => [decision.presented, decision]));
}

/** The refresh tokens of which a process had told that they are durable. */
function saidSaved({ provider, crew }: World): Set<string | undefined> {
  return new Set(
    [...crew.all.values()].flatMap(({ id, told }) => {
      const granted = provider.decisions.filter(({ actor, issued }) => actor === id && issued !== undefined);
      return granted.slice(0, told.filter(({ type }) => type === 'saved').length).map(({ issued }) => issued);
    }),
  );
}

/** Who presented a token when, and when they were killed. */
function history({ provider, crew }: World, token: string): string {
  const uses = provider.decisions.filter(({ presented }) => presented === token);
  const from = uses[0]?.at ?? 0;
  return uses
    .map(({ at, actor, issued }) => {
      const killedAt = crew.all.get(actor)?.killedAt;
      const end = killedAt === undefined ? 'lived' : `killed at ${killedAt - from} ms`;
      return `${issued === undefined ? 'refused' : 'granted'} at ${at - from} ms to ${actor} (${end})`;
    })
    .join(', ');
}

/** A refused token may come again only if whoever was refused was killed before it could note that. */
function presentedAgain({ provider, crew }: World): string[] {
  const last = new Map<string, Decision>();
  const wrong: string[] = [];
  for (const decision of provider.decisions) {
    if (decision.issued !== undefined) continue;
    const before = last.get(decision.presented);
    last.set(decision.presented, decision);
    const killedAt = before && crew.all.get(before.actor)?.killedAt;
    if (before && !(killedAt !== undefined && killedAt <= decision.at)) {
      wrong.push(`a refused token was presented again, ${decision.at - before.at} ms later`);
    }
  }
  return wrong;
}

export const killedInGrace: Experiment = {
  figure: `SIGKILL every ${EVERY_MS} ms, provider with 10 s grace (60 s where leases have to lapse)`,
  target: '0 credentials lost, 0 files unreadable, 0 leftovers',
  weight: 0.18,
  run(setting) {
    const graceMs = setting.traits.includes('lease') ? GRACE_OF_LEASES_MS : GRACE_MS;
    return underFire(setting, {
      rotation: { graceMs, kind: 'idempotent' },
      reuse: { graceMs },
      judge(world) {
        const { losses, provider } = world;
        const { reuses } = provider.server.counters;
        return [
          ...[...losses.keys()].map((token) => `a credential was lost: ${history(world, token)}`),
          ...(reuses > 0 ? [`${reuses} reuses outside of the grace`] : []),
        ];
      },
    });
  },
};

export const killedStrict: Experiment = {
  figure: `SIGKILL every ${EVERY_MS} ms, strict provider`,
  target: 'grants lost = kills between commit and durable write, each told as rotation_lost',
  weight: 0.22,
  run: (setting) =>
    underFire(setting, {
      rotation: 'strict',
      reuse: 'strict',
      judge({ losses }, unsaved) {
        const wrong: string[] = [];
        for (const [token, { codes }] of losses) {
          if (!unsaved.has(token)) wrong.push('a grant was lost, and no kill is to blame');
          const others = [...codes].filter((code) => code !== 'rotation_lost');
          if (others.length > 0 || codes.size === 0)
            wrong.push(`a loss was reported as ${others.join() || 'nothing'}`);
        }
        for (const token of unsaved.keys()) {
          if (!losses.has(token)) wrong.push('a kill has cost a grant, and nobody has noticed');
        }
        return wrong;
      },
    }),
};
