import { fork } from 'node:child_process';
import { delay, Observable, tap } from 'rxjs';
import type { Life, Report } from './happening.js';

/** What a worker is given to do, as its only argument, in JSON. */
export interface Task {
  readonly file: string;
  readonly tokenEndpoint: string;
  readonly skewMs: number;
}

/** Who has not ended by then, once asked to, is ended. */
const GRACE_MS = 3000;

/**
 * Starts a process when subscribed to, and emits what it reports and how it fares. Completes when the process
 * has ended: after `end$` has asked it to, or by accident. Kills it when unsubscribed.
 */
export function workerProcess(
  script: string,
  task: Task,
  end$: Observable<unknown>,
): Observable<Report | Life> {
  return new Observable((subscriber) => {
    const child = fork(script, [JSON.stringify(task)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let asked = false;
    let stderr = '';

    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('message', (report: Report) => subscriber.next(report));
    child.once('error', (error) => subscriber.error(error));
    child.once('spawn', () => subscriber.next({ type: 'started', pid: child.pid ?? 0, at: Date.now() }));
    child.once('close', (code, signal) => {
      const accident = asked ? undefined : { code, signal, stderr };
      subscriber.next({ type: 'ended', accident, at: Date.now() });
      subscriber.complete();
    });
    subscriber.add(() => child.kill('SIGKILL'));
    subscriber.add(
      end$
        .pipe(
          tap(() => {
            asked = true;
            if (child.connected) child.send('end', () => undefined); // it may be ending by itself
          }),
          delay(GRACE_MS),
        )
        .subscribe(() => child.kill('SIGKILL')),
    );
  });
}
