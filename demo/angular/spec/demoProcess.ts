import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Ruling, RulingType } from '../server/ruling';
import { until } from '../../../spec/helpers/until';

/** As it is run from a terminal, with tokens that live for `lifetime` seconds. */
export interface DemoProcess {
  readonly url: string;
  /** What the authorization server did so far, by its own account. */
  count(type: RulingType): number;
  /** As Ctrl-C does; the exit code. */
  interrupt(): Promise<unknown>;
}

export async function demoProcess(lifetime: number): Promise<DemoProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'demo/angular/server/main.ts', '--port', '0', '--lifetime', String(lifetime)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exit = once(child, 'exit').then(([code]) => code as unknown);
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  const address = () => /http:\S+/.exec(said)?.[0];
  await until(() => address() !== undefined || child.exitCode !== null, 60_000);
  const url = address();
  if (url === undefined) throw new Error('the demo has not started');

  const rulings: Ruling[] = [];
  void listen(url, (ruling) => rulings.push(ruling)).catch(() => undefined); // it ends when the demo does
  return {
    url,
    count: (type) => rulings.filter((ruling) => ruling.type === type).length,
    interrupt: () => {
      child.kill('SIGINT');
      return exit;
    },
  };
}

/** Server-sent events, as Node reads them. */
async function listen(url: string, hear: (ruling: Ruling) => void): Promise<void> {
  const { body } = await fetch(`${url}/ledger`);
  if (!body) return;
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) hear(JSON.parse(line.slice(6)) as Ruling);
  }
}
