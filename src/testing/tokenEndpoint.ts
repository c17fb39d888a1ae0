import {
  concatMap,
  defer,
  finalize,
  map,
  NEVER,
  type Observable,
  of,
  type SchedulerLike,
  shareReplay,
} from 'rxjs';
import { takeUntil, tap, throwError, timer } from 'rxjs';
import { commits, type Fault, type faultQueue } from './faults.js';
import type { requestLog } from './requestLog.js';
import { type Reply, reply, type TokenRequest } from './wire.js';

export interface TokenEndpointParts {
  readonly scheduler: SchedulerLike;
  readonly latencyMs: number | (() => number);
  /** Ends what is still to be committed, so that no timer outlives the server. */
  readonly stopped$: Observable<unknown>;
  readonly requests: ReturnType<typeof requestLog>;
  readonly faults: ReturnType<typeof faultQueue>;
  /** What the server does with a request, when it comes to it. */
  decide(request: TokenRequest, fault: Fault, entry: LogEntry): Reply;
}

export type LogEntry = ReturnType<ReturnType<typeof requestLog>['arrived']>;

/** As Node's fetch words it. */
function connectionReset(): Error {
  return new TypeError('fetch failed', {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  });
}

/** Nothing but the scheduler makes anything asynchronous: 0 ms are over at once. */
function wait(ms: number, scheduler: SchedulerLike): Observable<unknown> {
  return ms > 0 ? timer(ms, scheduler) : of(0);
}

function replaced(answer: Reply, { status, headers, body }: Fault): Reply {
  const replace = typeof body === 'function' ? (body as (body: unknown) => unknown) : () => body;
  return {
    status: status ?? answer.status,
    headers: { ...answer.headers, ...headers },
    body: body === undefined ? answer.body : replace(answer.body),
  };
}

/** The life of a request, from its arrival to its answer, with the fault that befalls it. */
export function tokenEndpoint({
  scheduler,
  latencyMs,
  stopped$,
  requests,
  faults,
  decide,
}: TokenEndpointParts) {
  return (form: TokenRequest['form'], headers: TokenRequest['headers'] = {}): Observable<Reply> =>
    defer(() => {
      const request: TokenRequest = { at: scheduler.now(), form, headers };
      const entry = requests.arrived(request);
      const fault = faults.take(request);
      const lost = fault.dropBeforeCommit ?? fault.commitThenDropReply;
      const latency = typeof latencyMs === 'function' ? latencyMs() : latencyMs;

      const committed$ = wait(fault.delayMs ?? 0, scheduler).pipe(
        map(() => replaced(commits(fault) ? decide(request, fault, entry) : reply(200, ''), fault)),
        takeUntil(stopped$),
        shareReplay(1), // a server goes on when its client has left
      );
      const delivered$ = (answer: Reply): Observable<Reply> => {
        if (lost === undefined) return of(answer).pipe(tap(() => requests.replied(entry, scheduler.now())));
        return lost === 'hang' ? NEVER : throwError(connectionReset);
      };
      return committed$.pipe(
        concatMap((answer) =>
          wait((fault.replyDelayMs ?? 0) + latency, scheduler).pipe(concatMap(() => delivered$(answer))),
        ),
        finalize(requests.closed),
      );
    });
}
