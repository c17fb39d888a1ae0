import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Observable } from 'rxjs';

/** Emits a new folder, never completes, and removes it with all that is in it when it is left. */
export function temporaryFolder(prefix: string): Observable<string> {
  return new Observable((subscriber) => {
    const folder = mkdtempSync(join(tmpdir(), prefix));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', remove); // whatever ends us
    subscriber.add(() => {
      process.off('exit', remove);
      remove();
    });
    subscriber.next(folder);
  });
}
