// One of the processes that share the credential file. Tells its parent, over IPC, what it sees.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  EMPTY,
  filter,
  fromEvent,
  lastValueFrom,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  shareReplay,
  startWith,
  switchMap,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { createTokenManager, type TokenEvent } from 'rx-token';
import { fileStore } from 'rx-token/node';
import { callers } from './callers.js';
import type { Report } from './happening.js';
import { refreshAt } from './refreshAt.js';
import type { Task } from './workerProcess.js';

process.on('SIGINT', () => undefined); // Ctrl-C reaches everybody: it is the parent who says when

const { file, tokenEndpoint, skewMs } = JSON.parse(process.argv[2] ?? '') as Task;

const orphaned$ = fromEvent(process, 'disconnect').pipe(
  startWith('perhaps before we listened'),
  filter(() => !process.connected),
);
const end$ = merge(fromEvent(process, 'message'), orphaned$).pipe(take(1), shareReplay(1));

const tokens = createTokenManager({
  store: fileStore(file),
  refresh: refreshAt(tokenEndpoint),
  skewMs,
});
orphaned$.subscribe(() => tokens.dispose()); // there is no server any more, either

const emitted$ = tokens.token$.pipe(
  map((token): Report => ({ type: 'emitted', token: fingerprint(token), at: Date.now() })),
);
const told$ = tokens.events$.pipe(mergeMap(toReport));
const signedIn$ = tokens.token$.pipe(take(1), takeUntil(end$));
const called$ = signedIn$.pipe(
  switchMap(() => callers(tokens, end$)),
  map((calls): Report => ({ type: 'called', calls, at: Date.now() })),
);
const report$ = merge(merge(told$, emitted$).pipe(takeUntil(end$)), called$);

await lastValueFrom(report$.pipe(tap(send)), { defaultValue: null });
await tokens[Symbol.asyncDispose](); // a refresh that was sent is still saved
if (process.connected) process.disconnect();
else rmSync(dirname(file), { recursive: true, force: true }); // the parent was killed: tidy up in its place

function toReport(event: TokenEvent): Observable<Report> {
  const { type, at } = event;
  if (type === 'refreshed') return of({ type: event.by === 'self' ? 'refreshed' : 'adopted', at });
  return 'error' in event ? of({ type: 'failed', code: event.error.code, at }) : EMPTY;
}

function send(report: Report): void {
  process.send?.(report, undefined, undefined, () => undefined); // the parent may be gone
}

/** Which token it is, for those who have to tell one from another, and who must not have it. */
function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 12);
}
