import type { Tally } from './actors/caller.js';
import type { World } from './world.js';

/** What no experiment may end with. */
export async function alwaysWrong({
  crew,
  unreadable,
  standing,
  provider,
  losses,
}: World): Promise<string[]> {
  const { server } = provider;
  const wrong = [...crew.crashes];
  for (const why of unreadable) wrong.push(`what is stored could not be read: ${why}`);
  const pair = await standing.look();
  if (typeof pair === 'string') wrong.push(`what is stored cannot be read in the end: ${pair}`);
  else if (!server.isRefreshTokenValid(pair.refresh))
    wrong.push('the refresh token that is stored is not valid');
  for (const [token, { at }] of losses) {
    const again = server.log.filter(
      ({ refreshToken, at: askedAt }) => refreshToken === token && askedAt > at,
    );
    if (again.length > 0) wrong.push(`a token that was marked dead was presented ${again.length} times more`);
  }
  return wrong;
}

/** What a strict provider must not see where nobody was killed. */
export function wrongWithoutKills({ provider, losses }: World): string[] {
  const { counters, presented } = provider.server;
  const wrong: string[] = [];
  if (losses.size > 0) wrong.push(`${losses.size} grants lost`);
  if (counters.reuses > 0) wrong.push(`${counters.reuses} spent refresh tokens presented`);
  if (counters.refusedAgain > 0) wrong.push(`${counters.refusedAgain} refused tokens presented again`);
  if (counters.maxConcurrent > 1) wrong.push(`${counters.maxConcurrent} requests at once`);
  const twice = [...presented.values()].filter((count) => count > 1).length;
  if (twice > 0) wrong.push(`${twice} refresh tokens sent more than once`);
  return wrong;
}

/** Of calls; `lock_timeout` apart, which a machine that is too slow for so many brings about, and which is no loss. */
export function failuresOf(tallies: readonly Tally[]): {
  readonly timeouts: string;
  readonly wrong: string[];
} {
  const sums: Record<string, number> = {};
  for (const { failures } of tallies) {
    for (const [code, count] of Object.entries(failures)) sums[code] = (sums[code] ?? 0) + count;
  }
  const { lock_timeout: timeouts = 0, ...others } = sums;
  return {
    timeouts: `${timeouts} calls had a lock timeout`,
    wrong: Object.entries(others).map(([code, count]) => `${count} calls failed with ${code}`),
  };
}
