import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A system call as `strace -ff -yy -ttt -T` shows it. */
export interface SystemCall {
  readonly name: string;
  /** As strace prints them. */
  readonly args: string;
  /** Ms, of one clock. */
  readonly startedAt: number;
  readonly endedAt: number;
}

const LINE = /^(?<at>\d+\.\d+) (?<name>\w+)\((?<args>.*)\) += .* <(?<took>\d+\.\d+)>$/;

/** The calls of all threads, of which strace writes a file each, in the order in which they were made. */
export function readSystemCalls(trace: string): SystemCall[] {
  const files = readdirSync(dirname(trace)).filter((name) => name.startsWith(`${basename(trace)}.`));
  const lines = files.flatMap((name) => readFileSync(join(dirname(trace), name), 'utf8').split('\n'));
  return lines.flatMap((line) => parse(line) ?? []).sort((a, b) => a.startedAt - b.startedAt);
}

function parse(line: string): SystemCall | undefined {
  const { at, name = '', args = '', took } = LINE.exec(line)?.groups ?? {};
  const startedAt = Number(at) * 1000;
  return at ? { name, args, startedAt, endedAt: startedAt + Number(took) * 1000 } : undefined;
}

/** What a call is about: the file or connection of a descriptor, or a path, or two of them. */
export function subjectsOf({ args }: SystemCall): string[] {
  const descriptor = /^\d+<(.+?)>(?:\(deleted\))?(?:, |$)/.exec(args)?.[1];
  return descriptor ? [descriptor] : [...args.matchAll(/"(\/[^"]*)"/g)].map(([, path]) => path ?? '');
}

export function isAbout(call: SystemCall, subject: string | undefined): boolean {
  return subject !== undefined && subjectsOf(call).includes(subject);
}

export function isWrite({ name }: SystemCall): boolean {
  return /^(write|writev|pwrite64|pwritev2?|sendto|sendmsg)$/.test(name);
}

export function isRead({ name }: SystemCall): boolean {
  return /^(read|readv|pread64|preadv2?|recvfrom|recvmsg)$/.test(name);
}

export function isSync({ name }: SystemCall): boolean {
  return /^(fsync|fdatasync|sync|syncfs|sync_file_range|msync)$/.test(name);
}

export function isRename({ name }: SystemCall): boolean {
  return name.startsWith('rename');
}

export function isOnConnection(call: SystemCall): boolean {
  return subjectsOf(call).some((subject) => subject.startsWith('TCP'));
}
