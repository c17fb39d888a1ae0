import { type ChildProcess, fork } from 'node:child_process';
import { Subject } from 'rxjs';

export interface Member<Told> {
  readonly id: string;
  readonly child: ChildProcess;
  isBegun: boolean;
  isReady: boolean;
  isStopped: boolean;
  /** When we killed it, epoch ms. */
  killedAt: number | undefined;
  isEnding: boolean;
  readonly gone: Promise<void>;
  readonly told: Told[];
}

export interface Crew<Told> {
  /** All that ever were, by id. */
  readonly all: ReadonlyMap<string, Member<Told>>;
  /** Those that are there. */
  present(): Member<Told>[];
  /** Those that are there, have begun, and are not stopped. */
  active(): Member<Told>[];
  readonly told$: Subject<{ readonly member: Member<Told>; readonly told: Told }>;
  readonly gone$: Subject<Member<Told>>;
  /** What no member should do: crash. */
  readonly crashes: readonly string[];
  start(): Member<Told>;
  kill(member: Member<Told>): void;
  stop(member: Member<Told>): void;
  resume(member: Member<Told>): void;
  /** Asks all to end by themselves; those that have not after `patienceMs` have crashed. */
  end(patienceMs?: number): Promise<void>;
  killAll(): Promise<void>;
}

export interface CrewOptions {
  /** A user and group to run as. */
  readonly uid?: number | undefined;
  /** A command to run node through, such as `unshare -rm`. */
  readonly through?: readonly string[];
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

let ids = 0;

/** Processes that run one script, each with a configuration of its own. */
export function createCrew<Told extends { readonly type: string }>(
  script: string,
  configOf: (id: string) => object,
  { uid, through = [] }: CrewOptions = {},
): Crew<Told> {
  const all = new Map<string, Member<Told>>();
  const crashes: string[] = [];
  const told$ = new Subject<{ member: Member<Told>; told: Told }>();
  const gone$ = new Subject<Member<Told>>();
  const present = (): Member<Told>[] => [...all.values()].filter(({ child }) => children.has(child));

  function start(): Member<Told> {
    const id = String(++ids);
    const child = fork(script, [JSON.stringify(configOf(id))], {
      env: { ...process.env, NODE_OPTIONS: '' },
      ...(through[0] !== undefined && { execPath: through[0] }),
      execArgv: through.length > 0 ? [...through.slice(1), process.execPath] : [],
      ...(uid !== undefined && { uid, gid: uid }),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    children.add(child);
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const gone = new Promise<void>((settle) => child.once('exit', () => settle()));
    const member: Member<Told> = {
      id,
      child,
      isBegun: false,
      isReady: false,
      isStopped: false,
      killedAt: undefined,
      isEnding: false,
      gone,
      told: [],
    };
    child.on('message', (told: Told) => {
      if (told.type === 'begun') member.isBegun = true;
      if (told.type === 'ready') member.isReady = true;
      member.told.push(told);
      told$.next({ member, told });
    });
    child.once('exit', (code, signal) => {
      children.delete(child);
      const isFine = member.killedAt !== undefined || (member.isEnding && code === 0);
      if (!isFine) crashes.push(`process ${id} ended with ${code ?? signal}: ${printed.slice(0, 500)}`);
      gone$.next(member);
    });
    all.set(id, member);
    return member;
  }

  function kill(member: Member<Told>): void {
    member.killedAt = Date.now();
    member.child.kill('SIGKILL');
  }

  return {
    all,
    present,
    active: () =>
      present().filter(
        ({ isReady, isStopped, killedAt, isEnding }) =>
          isReady && !isStopped && killedAt === undefined && !isEnding,
      ),
    told$,
    gone$,
    crashes,
    start,
    kill,
    stop(member) {
      member.isStopped = member.child.kill('SIGSTOP');
    },
    resume(member) {
      member.isStopped = false;
      member.child.kill('SIGCONT');
    },
    async end(patienceMs = 20_000) {
      const ending = present();
      for (const member of ending) {
        member.isEnding = true;
        if (member.child.connected) member.child.send('end');
      }
      const late = setTimeout(() => {
        for (const member of present()) {
          crashes.push(`process ${member.id} did not end within ${patienceMs} ms`);
          kill(member);
        }
      }, patienceMs);
      await Promise.all(ending.map(({ gone }) => gone));
      clearTimeout(late);
    },
    async killAll() {
      const victims = present();
      victims.forEach(kill);
      await Promise.all(victims.map(({ gone }) => gone));
    },
  };
}
