import { join } from 'node:path';
import {
  connect,
  defer,
  delay,
  EMPTY,
  filter,
  ignoreElements,
  last,
  map,
  merge,
  NEVER,
  type Observable,
  ReplaySubject,
  switchMap,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { createTokenManager } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { authorizationServer, type AuthorizationServer } from './authorizationServer.js';
import type { Happening, Life, Report } from './happening.js';
import { hold } from './hold.js';
import type { Options } from './options.js';
import { refreshAt } from './refreshAt.js';
import { replayOfOldCopy } from './replayOfOldCopy.js';
import { temporaryFolder } from './temporaryFolder.js';
import { workerProcess } from './workerProcess.js';
import { workerScript } from './workerScript.js';

/** Where a token lives for a short while only, the library makes it half of that. */
const SKEW_MS = 2000;

/**
 * A folder, an authorization server, a first credential, and the processes that share it. Emits what happens;
 * completes when all the processes have ended: by themselves, or because `asked$` has emitted, or because the
 * time is up. Leaves nothing behind.
 */
export function demo(options: Options, asked$: Observable<unknown>): Observable<Happening> {
  return hold(temporaryFolder('rx-token-demo-'), (folder) =>
    hold(authorizationServer(options.lifetime), (server) => run(folder, server, options, asked$)),
  );
}

function run(
  folder: string,
  server: AuthorizationServer,
  options: Options,
  asked$: Observable<unknown>,
): Observable<Happening> {
  const file = join(folder, 'credentials.json');
  const task = { file, tokenEndpoint: server.tokenEndpoint, skewMs: SKEW_MS };
  const end$ = new ReplaySubject<unknown>(1);
  const script$ = defer(() => signIn(file, server)).pipe(switchMap(() => workerScript(folder)));
  const processes$ = script$.pipe(
    switchMap((script) => merge(...lanes(options.processes, () => workerProcess(script, task, end$)))),
  );
  return processes$.pipe(
    connect((report$) => {
      const ending$ = merge(asked$, timeIsUp(report$, options)).pipe(take(1), tap(end$), ignoreElements());
      const misdeed$ = options.misbehave ? replayOfOldCopy(file, server, report$) : EMPTY;
      const beside$ = merge(server.ruling$, ending$, misdeed$).pipe(takeUntil(report$.pipe(last())));
      return merge(report$, beside$);
    }),
  );
}

/** Numbered from 0. */
function lanes(processes: number, start: () => Observable<Report | Life>): Observable<Happening>[] {
  return Array.from({ length: processes }, (_, lane) => start().pipe(map((told) => ({ ...told, lane }))));
}

/** Leaves the file as a login would. */
async function signIn(file: string, server: AuthorizationServer): Promise<void> {
  const tokens = createTokenManager({ store: fileStore(file), refresh: refreshAt(server.tokenEndpoint) });
  await tokens.set(await server.signIn());
  tokens.dispose();
}

/** Counted from the first token on: starting the processes takes as long as it takes. */
function timeIsUp(report$: Observable<Happening>, { seconds }: Options): Observable<unknown> {
  if (seconds === undefined) return NEVER;
  return report$.pipe(
    filter(({ type }) => type === 'emitted'),
    take(1),
    delay(seconds * 1000),
  );
}
