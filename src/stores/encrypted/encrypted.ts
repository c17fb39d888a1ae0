import { concatMap, defer, from, map, of, type Observable, type ObservableInput } from 'rxjs';
import {
  ANY_VERSION,
  type CredentialStore,
  type GetSetPair,
  type Lease,
  type Snapshot,
  type Version,
  type WriteResult,
} from '../../contracts.js';
import type { Credentials } from '../../credentials.js';
import { overtakenBy, type StoreError } from '../../errors.js';
import { isSamePair } from '../../fingerprint.js';
import { asStore } from '../asStore.js';
import { readEncryption, type EncryptionOptions } from './readEncryption.js';
import { createVault, isSealed, type Opened } from './vault.js';

/** What a store holds, and how it reads. */
interface Found {
  readonly snapshot: Snapshot;
  readonly present: Opened | null;
}

/**
 * Any store, with all that it holds encrypted (AES-GCM, 256 bits): a dump of the database, or the file in a
 * backup, holds no token. Versions, locks and hints are those of the store.
 *
 * Where a token stands in a record there is a name for it, so that the store can still note which token is in use
 * or dead. What other tools put beside that is kept. Needs WebCrypto: Node, and pages over https.
 *
 * - Keys are replaced by `key: next, previousKeys: [former]` in all processes. What they write from then on needs
 *   the new one only; who still has only the former one cannot read it, so that they get the new one as
 *   `previousKeys` first where no gap is allowed.
 * - A process that reads the store without this takes the names for tokens. Change all of them together.
 *
 * {@link StoreError} `store_corrupt` for a record that cannot be decrypted; it stays until `set()` or `clear()`.
 *
 * @throws TypeError or RangeError that names the option; {@link ConfigurationError} where there is no WebCrypto
 */
export function encrypted(store: CredentialStore | GetSetPair, options: EncryptionOptions): CredentialStore {
  const inner = asStore(store);
  const vault = createVault(readEncryption(options));

  async function opened(found: Snapshot): Promise<Found> {
    const { credentials: stored } = found;
    const present = stored && { stored, credentials: await vault.open(stored) };
    return { present, snapshot: { ...found, credentials: present?.credentials ?? null } };
  }
  const look = (): Observable<Found> => defer(() => inner.read()).pipe(concatMap(opened));

  /** Somebody was faster; with a key that is not known here, it may be. */
  async function overtaken(found: Snapshot): Promise<WriteResult> {
    try {
      return { written: false, snapshot: (await opened(found)).snapshot };
    } catch (error) {
      throw overtakenBy(error as StoreError);
    }
  }

  const put = (stored: Credentials | null, expected: Version): Observable<WriteResult> =>
    from(inner.write(stored, expected)).pipe(
      concatMap(async ({ written, snapshot }) =>
        written ? { written, snapshot: (await opened(snapshot)).snapshot } : overtaken(snapshot),
      ),
    );

  function replace(next: Credentials, present: Opened | null, expected: Version): Observable<WriteResult> {
    // What is noted of tokens in plain text goes by them: they stay as they are until others come.
    const isNoted = present && !isSealed(present.stored) && isSamePair(present.credentials, next);
    if (isNoted) return put(next, expected);
    return from(vault.seal(next, present)).pipe(concatMap((stored) => put(stored, expected)));
  }

  /**
   * What the store is told of instead of `held`: the record itself, if that is what it holds. The store is asked
   * again, since another process may have encrypted the same tokens with another key meanwhile.
   */
  const standIn = (held: Credentials): Observable<Credentials> =>
    look().pipe(
      concatMap(({ present }) =>
        present && isSamePair(present.credentials, held) ? of(present.stored) : vault.seal(held, present),
      ),
    );

  const leased = (lease: Lease): Lease => ({
    signal: lease.signal,
    remainingMs: () => lease.remainingMs(),
    prepare: (held, ...rest) => standIn(held).pipe(concatMap((stored) => lease.prepare(stored, ...rest))),
    acquit: (isGranted) => lease.acquit(isGranted),
    condemn: (held) => standIn(held).pipe(concatMap((stored) => lease.condemn(stored))),
  });

  const { lock } = inner;
  return {
    read: () => look().pipe(map(({ snapshot }) => snapshot)),
    write(next, expected) {
      if (next === null) return defer(() => put(null, expected));
      if (expected === ANY_VERSION) {
        return defer(() => vault.seal(next)).pipe(concatMap((stored) => put(stored, expected)));
      }
      return defer(() => inner.read()).pipe(
        concatMap((found): ObservableInput<WriteResult> => {
          if (found.version !== expected) return overtaken(found);
          return from(opened(found)).pipe(concatMap(({ present }) => replace(next, present, expected)));
        }),
      );
    },
    changes$: inner.changes$,
    lock: {
      lossy: lock.lossy,
      leaseMs: lock.leaseMs,
      hold: (critical) => lock.hold((lease) => critical(leased(lease))),
      holder: () => lock.holder?.() ?? of(null),
    },
    isVolatile: () => !!inner.isVolatile?.(),
  };
}
