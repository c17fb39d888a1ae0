import {
  concatMap,
  EMPTY,
  endWith,
  from,
  ignoreElements,
  map,
  of,
  Subject,
  tap,
  type Observable,
  type ObservableInput,
} from 'rxjs';
import { concealed } from '../concealed.js';
import {
  ANY_VERSION,
  NO_VERSION,
  type CredentialStore,
  type Lease,
  type Snapshot,
  type WriteResult,
} from '../contracts.js';
import { asCredentials, type Credentials } from '../credentials.js';
import { fingerprint, pairFingerprint, tokenFingerprint } from '../fingerprint.js';
import { notesOn, type Notes } from '../journal.js';
import { createMutex } from '../mutex.js';
import { NEVER_ABORTS } from '../neverAborts.js';

/** Where a store of this process keeps one record. */
export interface Cell {
  get(): ObservableInput<Credentials | null>;
  /** Completes when kept; what it emits does not matter. */
  set(credentials: Credentials | null): ObservableInput<unknown>;
  /** True while the record itself would go with this object. */
  isVolatile?(): boolean;
}

/**
 * A store for the managers of one process over any cell: reads and writes are serialised here, and so are
 * refreshes. The journal lives as long as the process, which is as long as it can matter.
 */
export function processStore(cell: Cell): CredentialStore {
  const refreshing = createMutex();
  const accessing = createMutex();
  const changes = new Subject<void>();
  let notes: Notes = {};
  /** What was last read or written: the notes on it would go with this object. */
  let known: Credentials | null = null;

  function snapshotOf(credentials: Credentials | null): Snapshot {
    known = credentials;
    const version = credentials ? fingerprint(JSON.stringify(credentials)) : NO_VERSION;
    return { credentials, version, ...notesOn(credentials, notes) };
  }
  const note = (more: Notes): Observable<never> => {
    notes = { ...notes, ...more };
    return EMPTY;
  };
  const lease: Lease = {
    signal: NEVER_ABORTS,
    remainingMs: () => Infinity,
    prepare: (held, _version, sentAt, until) =>
      note({ pending: { pair: pairFingerprint(held), sentAt, until, by: 'this process' } }),
    acquit: () => note({ pending: undefined }),
    condemn: (held) => note({ dead: tokenFingerprint(held) }),
  };
  const current = (): Observable<Snapshot> => from(cell.get()).pipe(map(snapshotOf));
  const put = (next: Credentials | null): Observable<WriteResult> =>
    from(cell.set(next)).pipe(
      ignoreElements(),
      endWith(next && asCredentials(next)),
      map((kept) => ({ written: true, snapshot: snapshotOf(kept) })),
      tap(() => changes.next()),
    );

  return {
    read: () => accessing(current),
    write: (next, expected) =>
      accessing(() => {
        if (expected === ANY_VERSION) {
          notes = {}; // a new sign-in, whatever its token was called before
          return put(next); // without a read: it may be what cannot be read that is replaced
        }
        return current().pipe(
          concatMap((held) =>
            held.version === expected ? put(next) : of({ written: false, snapshot: held }),
          ),
        );
      }),
    changes$: concealed(changes),
    lock: { lossy: false, hold: (critical) => refreshing(() => critical(lease)) },
    isVolatile: () => !!cell.isVolatile?.() || Object.keys(notesOn(known, notes)).length > 0,
  };
}
