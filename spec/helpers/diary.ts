import { catchError, identity, type Observable, of } from 'rxjs';

/** `[at, what]`, in ms of the clock that the diary is kept by. */
export type Entry = [at: number, what: unknown];

/** An error, by the word that is its contract. */
export function codeOf(error: unknown): unknown {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code ?? name;
}

/** What comes of it: the value, or the code of the error. Draws as an ordinary value in a marble diagram. */
export function outcome<T>(source$: Observable<T>): Observable<unknown> {
  return source$.pipe(catchError((error: unknown) => of(codeOf(error))));
}

/** Notes, from now on, what is emitted and when; an error by its code. */
export function diaryOf<T>(
  source$: Observable<T>,
  clock: { now(): number },
  entry: (value: T) => unknown = identity,
): Entry[] {
  const diary: Entry[] = [];
  source$.subscribe({
    next: (value) => diary.push([clock.now(), entry(value)]),
    error: (error: unknown) => diary.push([clock.now(), codeOf(error)]),
  });
  return diary;
}
