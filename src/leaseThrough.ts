import type { Observable, ObservableInput } from 'rxjs';
import type { Lease } from './contracts.js';
import type { Credentials } from './credentials.js';

/** A lease of which all that is asked is cold. */
export interface ColdLease extends Lease {
  prepare(...asked: Parameters<Lease['prepare']>): Observable<unknown>;
  acquit(isGranted?: boolean): Observable<unknown>;
  condemn(held: Credentials): Observable<unknown>;
}

/** The same lease, of which all that is asked goes through `pass`. */
export function leaseThrough(
  lease: Lease,
  pass: (ask: () => ObservableInput<unknown>) => Observable<unknown>,
): ColdLease {
  return {
    signal: lease.signal,
    remainingMs: () => lease.remainingMs(),
    prepare: (...asked) => pass(() => lease.prepare(...asked)),
    acquit: (isGranted) => pass(() => lease.acquit(isGranted)),
    condemn: (held) => pass(() => lease.condemn(held)),
  };
}
