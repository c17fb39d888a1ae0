import { fromEvent, merge, Observable, ReplaySubject } from 'rxjs';

const PARENT_CHECK_MS = 500;

/**
 * Emits whenever somebody wants us to end: by a signal, by closing the pipe that we write to, or by ending
 * without us. Replays the last. Listens for good: a second Ctrl-C would else kill us in the middle of tidying
 * up.
 */
export function endRequests(): Observable<unknown> {
  const request$ = new ReplaySubject<unknown>(1);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => fromEvent(process, signal));
  merge(...signals, fromEvent(process.stdout, 'error'), parentGone()).subscribe(request$);
  return request$;
}

/** Emits when whoever started us (npm, tsx, a shell) was killed. Keeps no process alive. */
function parentGone(): Observable<unknown> {
  return new Observable<null>((subscriber) => {
    const parent = process.ppid;
    const check = setInterval(() => process.ppid !== parent && subscriber.next(null), PARENT_CHECK_MS);
    check.unref();
    return () => clearInterval(check);
  });
}
