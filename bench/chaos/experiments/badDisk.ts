import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TroubleName } from '../actors/troubles.js';
import type { WriterConfig, WriterTold } from '../actors/writer.js';
import { createCrew, type CrewOptions } from '../crew.js';
import type { Experiment, Finding, Setting } from '../experiment.js';
import { startProvider } from '../provider.js';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** A file system of its own for one process, gone with it. */
const onTmpfs = (folder: string): CrewOptions => ({
  through: ['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"', folder],
});

/** Root is exempt from modes; anybody else is somebody already. */
const asNobody = (folder: string): CrewOptions => {
  if (!isRoot) return {};
  chownSync(folder, NOBODY, NOBODY);
  return { uid: NOBODY };
};

const places: Record<TroubleName, (folder: string) => CrewOptions> = {
  'disk full': onTmpfs,
  'read-only': onTmpfs,
  'folder not writable': asNobody,
  'folder not accessible': asNobody,
};

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

type Round = Extract<WriterTold, { type: 'round' }>;

async function roundsOf(
  setting: Setting,
  trouble: TroubleName,
  seconds: number,
): Promise<Finding & { rounds: Round[] }> {
  const folder = join(setting.folder, trouble.replaceAll(' ', '-'));
  mkdirSync(folder);
  const provider = await startProvider({
    rotation: 'strict',
    lifetimeMs: 3_600_000,
    seed: setting.seed,
    latencyMs: 2,
  });
  const crew = createCrew<WriterTold>(
    setting.scripts.writer,
    (): WriterConfig => ({
      path: join(folder, 'credentials.json'),
      url: provider.url,
      trouble,
      seconds,
      signIns: Array.from({ length: 100 }, () => provider.server.signIn()),
      breakage: setting.breakage,
    }),
    places[trouble](folder),
  );
  try {
    const writer = crew.start();
    writer.isEnding = true; // by itself
    const giveUpAt = Date.now() + 1000 * (60 + 5 * seconds);
    while (crew.present().length > 0 && Date.now() < giveUpAt) {
      setting.progress(`${trouble}: ${writer.told.length} rounds`);
      await pause(20);
    }
    const rounds = writer.told.filter((told) => told.type === 'round');
    const violations = [
      ...crew.crashes,
      ...rounds.flatMap(({ name, wrong }) => wrong.map((one) => `${name}: ${one}`)),
    ];
    const { reuses } = provider.server.counters;
    if (crew.present().length > 0) violations.push(`${trouble}: it does not end`);
    if (rounds.length === 0) violations.push(`${trouble}: no round was run`);
    if (reuses > 0) violations.push(`${trouble}: ${reuses} spent refresh tokens presented`);
    return { measured: `${trouble}: ${rounds.length}`, violations, rounds };
  } finally {
    await crew.killAll();
    await provider.close();
  }
}

export const badDisk: Experiment = {
  figure: 'disk full, read-only, permission denied, at every write',
  target: 'old or new credential intact; 0 rotated tokens lost once reserved',
  needs: 'file',
  weight: 0.06,

  async run(setting) {
    const mountable = canMount();
    const names = (Object.keys(places) as TroubleName[]).filter(
      (name) => mountable || places[name] !== onTmpfs,
    );
    const findings = await Promise.all(names.map((name) => roundsOf(setting, name, setting.seconds)));

    const rounds = findings.flatMap((finding) => finding.rounds);
    const reserved = rounds.filter((round) => round.reserved);
    const violations = findings.flatMap((finding) => finding.violations);
    if (reserved.length === 0) violations.push('no token was rotated after a reservation: nothing was shown');
    const refused = mountable ? '' : '; disk full and read-only NOT RUN: mounting is not allowed here';
    if (refused && process.env['REQUIRE_SERVICES'] === '1') violations.push('mounting is not allowed here');
    return {
      measured:
        `${findings.map(({ measured }) => measured).join(', ')} rounds; ${reserved.length} rotations after a reservation, ` +
        `${reserved.filter(({ savedMeanwhile }) => savedMeanwhile).length} saved in spite of it all, the others afterwards${refused}`,
      violations,
    };
  },
};
