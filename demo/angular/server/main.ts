import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lastValueFrom, takeUntil, tap } from 'rxjs';
import { endRequests } from '../../terminal/endRequests.js';
import { demoServer } from './demoServer.js';
import { type Options, readOptions, USAGE, UsageError } from './options.js';

const folder = fileURLToPath(new URL('../dist/browser', import.meta.url));

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await serve(options);
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(`rx-token demo: ${explained(error)}`);
}

async function serve(options: Options): Promise<void> {
  if (!existsSync(folder))
    throw new UsageError('the application is not built: npm run demo:angular does that');
  const origin$ = demoServer(options, folder).pipe(
    tap((origin) => console.log(`\n  The demo is at ${origin}\n  Ctrl-C ends it.\n`)),
    takeUntil(endRequests()),
  );
  await lastValueFrom(origin$, { defaultValue: undefined });
}

function explained(error: unknown): string {
  const {
    code,
    port,
    message = String(error),
  } = Object(error) as Partial<NodeJS.ErrnoException> & { port?: number };
  return code === 'EADDRINUSE' ? `port ${port} is taken: --port names another one` : message;
}
