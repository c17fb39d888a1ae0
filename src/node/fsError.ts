import { StoreError, TokenError } from '../errors.js';

const MEANINGS: Record<string, string> = {
  EACCES: 'this user has no permission; own the file and its folder, or choose another path',
  EPERM: 'the system does not permit it; own the file and its folder, or choose another path',
  EROFS: 'the file system is read-only; choose another path',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  ENOENT: 'there is no such folder, and it cannot be made',
  ENOTDIR: 'a part of the path is a file; choose another path',
  EISDIR: 'it is a folder; choose another path',
  EINVAL: 'it is no file; choose another path',
  ELOOP: 'it is a symbolic link that cannot be followed; repair it',
  EFBIG: 'it is larger than any credential',
  ENAMETOOLONG: 'its name leaves no room for those of the files beside it; choose a shorter one',
  EBUSY: 'another process keeps it busy, or it is mounted by itself: try again, or mount its folder',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this system has too many files open',
};

/** The system's own code on an error, if it has one. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What the system said about `path`, as an error that holds nothing of the file and says what to do. */
export function fsError(
  code: 'store_unreadable' | 'store_unwritable',
  path: string,
  error: unknown,
): TokenError {
  if (error instanceof TokenError) return error;
  const reason = errnoOf(error);
  const deed = code === 'store_unreadable' ? 'read' : 'write';
  const meaning = MEANINGS[reason ?? ''] ?? 'the system failed';
  return new StoreError(code, `Cannot ${deed} ${path}: ${meaning} (${reason ?? 'no code'})`, reason);
}
