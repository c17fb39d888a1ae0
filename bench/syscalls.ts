/** The order of the system calls of one refresh through `fileStore`: what has to be durable before what. */
import { basename, dirname } from 'node:path';
import { printFact, printSkipped, printTable } from './support/report.js';
import {
  isAbout,
  isOnConnection,
  isRead,
  isRename,
  isSync,
  isWrite,
  subjectsOf,
  type SystemCall,
} from './support/systemCalls.js';
import { noStrace, traceRefresh, type Trace } from './support/traceRefresh.js';

interface Step {
  readonly name: string;
  readonly call: SystemCall | undefined;
}

/** The steps that matter; each has to be over before the next begins. */
function stepsOf({ calls, target }: Trace): Step[] {
  const lock = `${target}.lock`;
  const after = (before: SystemCall | undefined, is: (call: SystemCall) => boolean) =>
    before && calls.find((call) => call.startedAt > before.startedAt && is(call));
  const lastBefore = (next: SystemCall | undefined, is: (call: SystemCall) => boolean) =>
    next && calls.findLast((call) => call.startedAt < next.startedAt && is(call));

  const locked = calls.find((call) => isAbout(call, lock) && call.args.includes('F_WRLCK'));
  const request = calls.find((call) => isOnConnection(call) && isWrite(call) && call.args.includes('POST'));
  const journal = lastBefore(request, (call) => isAbout(call, lock) && isWrite(call));
  const rename = calls.find((call) => isAbout(call, target) && isRename(call));
  const temp = rename && subjectsOf(rename)[0];
  const successor = lastBefore(rename, (call) => isAbout(call, temp) && isWrite(call));
  return [
    { name: 'the lock is ours', call: locked },
    { name: 'the journal is written', call: journal },
    { name: 'the journal is durable', call: after(journal, (call) => isAbout(call, lock) && isSync(call)) },
    { name: 'the request is sent', call: request },
    { name: 'the answer is here', call: after(request, (call) => isOnConnection(call) && isRead(call)) },
    { name: 'the successor is written', call: successor },
    {
      name: 'the successor is durable',
      call: after(successor, (call) => isAbout(call, temp) && isSync(call)),
    },
    { name: 'the successor is in place', call: rename },
    {
      name: 'its place is durable',
      call: after(rename, (call) => isAbout(call, dirname(target)) && isSync(call)),
    },
  ];
}

function describe(call: SystemCall): string {
  const subjects = subjectsOf(call).map((subject) =>
    subject.startsWith('TCP') ? 'provider' : basename(subject).replaceAll(/[0-9a-f]{12,}/g, '…'),
  );
  const kind = /F_\w{2}LCK|O_EXCL/.exec(call.args)?.[0] ?? '';
  return `${call.name} ${subjects.join(' → ')} ${kind}`;
}

function show(trace: Trace): void {
  const { calls, handedOutAt } = trace;
  const steps = stepsOf(trace);
  const begunAt = calls[0]?.startedAt ?? 0;
  const rows = calls.map((call) => [
    (call.startedAt - begunAt).toFixed(2),
    (call.endedAt - call.startedAt).toFixed(2),
    steps.find((step) => step.call === call)?.name ?? '',
    describe(call),
  ]);
  const handedOut = [(handedOutAt - begunAt).toFixed(2), '', 'the token is handed out'];
  rows.splice(calls.filter((call) => call.startedAt < handedOutAt).length, 0, handedOut);
  printTable(['ms', 'took', 'step', 'system call'], rows);

  steps.reduce((before, step) => {
    const isNext = before.call && step.call && before.call.endedAt <= step.call.startedAt;
    printFact(`${before.name}, then ${step.name}`, isNext === true);
    return step;
  });
  const last = steps.at(-1)?.call;
  printFact('then the token is handed out', last !== undefined && last.endedAt <= handedOutAt);
  const syncs = calls.filter(isSync).length;
  printFact(`at most three syncs: ${syncs}`, syncs <= 3);
}

if (noStrace) printSkipped('the order of the system calls', noStrace);
else show(await traceRefresh());
