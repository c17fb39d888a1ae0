import { readFile } from 'node:fs/promises';
import { filter, ignoreElements, type Observable, switchMap, take } from 'rxjs';
import type { Credentials } from 'rx-token';
import type { AuthorizationServer } from './authorizationServer.js';
import type { Happening } from './happening.js';
import { refreshAt } from './refreshAt.js';

/**
 * Takes a copy of the credential file when the processes start, and refreshes with that once they have moved
 * on: what happens to those who share tokens without sharing refreshes. Emits nothing.
 */
export function replayOfOldCopy(
  file: string,
  { tokenEndpoint, ruling$ }: AuthorizationServer,
  happening$: Observable<Happening>,
): Observable<never> {
  return happening$.pipe(
    filter(({ type }) => type === 'started'),
    take(1),
    switchMap(() => readFile(file, 'utf8')),
    switchMap((copy) =>
      ruling$.pipe(
        filter(({ type }) => type === 'granted'),
        take(1),
        switchMap(() =>
          refreshAt(tokenEndpoint)(JSON.parse(copy) as Credentials, { signal: AbortSignal.timeout(5000) }),
        ),
      ),
    ),
    ignoreElements(),
  );
}
