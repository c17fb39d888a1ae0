import { breakages } from './actors/breakages.js';
import { backends } from './stores/index.js';

export function help(
  experiments: Readonly<Record<string, { readonly figure: string; readonly needs?: string }>>,
): string {
  const list = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([name, text]) => `    ${name.padEnd(12)} ${text}`).join('\n');
  return `npm run chaos -- [options]

One credential, many real processes, a real HTTP provider: nothing may be lost when they are killed, paused,
cut off or out of disk. Ends in a table; exits with 1 on any violation, with 2 on bad arguments.

  --seconds N     how long it takes, roughly; the counts scale with it (default 150)
  --processes N   how many share the credential (default 20)
  --store NAME    where it is stored: ${Object.keys(backends).join(', ')} (default file); a server is started for it
  --seed N        replays the choices of victims, moments and delays of an earlier run, which printed it; the
                  interleaving itself is the system's
  --only NAME     one experiment, and may be repeated:
${list(
  Object.entries(experiments).map(([name, { figure, needs }]) => [
    name,
    needs ? `${figure} (needs: ${needs})` : figure,
  ]),
)}
  --break NAME    breaks what is tested, to see that it is noticed:
${list(Object.entries(breakages).map(([name, { what }]) => [name, what]))}
  --help`;
}
