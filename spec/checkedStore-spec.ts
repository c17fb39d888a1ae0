import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  concat,
  defer,
  EMPTY,
  firstValueFrom,
  NEVER,
  of,
  throwError,
  type ObservableInput,
  Subscription,
} from 'rxjs';
import { checkedStore } from '../src/checkedStore.js';
import type { CredentialStore, Snapshot, WriteResult } from '../src/contracts.js';
import { StoreError } from '../src/errors.js';
import { memoryStore } from '../src/stores/memoryStore.js';
import { readConfig } from '../src/config.js';
import { marbles } from './helpers/marbles.js';

const NOW = Date.UTC(2026, 0, 1);
const stored = { access_token: 'A1', expires_at: NOW / 1000 + 60 };
const snapshot: Snapshot = { credentials: stored, version: 'v1', dead: true, warning: 'open' };
const repaired = { ...snapshot, credentials: { ...stored, expires_at: NOW + 60_000 } };

function over(given: { read?: () => ObservableInput<Snapshot>; write?: CredentialStore['write'] }) {
  const scheduler = { now: () => NOW, schedule: () => Subscription.EMPTY };
  const store = { ...memoryStore(), ...given };
  return checkedStore(readConfig({ store, scheduler, refresh: fail }));
}
const fail = (): never => {
  throw new Error('It did not fail');
};
const broken = (error: unknown) => (): never => {
  throw error;
};

describe('checkedStore', () => {
  it(
    'emits once and completes, whatever else the store has to say',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const reads = cold<Snapshot>('        --s--s', { s: snapshot });
      const writes = cold<WriteResult>('    ---w--w', { w: { written: true, snapshot } });
      const store = over({ read: () => reads, write: () => writes });

      expectObservable(store.read$).toBe('--(s|)', { s: repaired });
      expectObservable(store.write(null, 'v1')).toBe('---(w|)', { w: { written: true, snapshot: repaired } });
      expectSubscriptions(reads.subscriptions).toBe('^-!');
      expectSubscriptions(writes.subscriptions).toBe('^--!');
    }),
  );

  it(
    'leaves the store when it is left, and waits for one that does not answer',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const reads = cold<Snapshot>('-----s', { s: snapshot });
      expectObservable(over({ read: () => reads }).read$, '--!').toBe('');
      expectSubscriptions(reads.subscriptions).toBe('^-!');
      expectObservable(over({ read: () => NEVER }).read$).toBe('');
    }),
  );

  it('is cold, and reads anew for each', () => {
    let reads = 0;
    const { read$ } = over({ read: () => defer(() => (reads++, of(snapshot))) });
    expect(reads).toBe(0);
    concat(read$, read$).subscribe();
    expect(reads).toBe(2);
  });

  it('hands on what is written, and over which version', () => {
    const asked: unknown[] = [];
    const write: CredentialStore['write'] = (...all) => (asked.push(all), of({ written: false, snapshot }));
    const seen: unknown[] = [];
    over({ write })
      .write(stored, 'v1')
      .subscribe((result) => seen.push(result));
    expect(asked).toEqual([[stored, 'v1']]);
    expect(seen).toEqual([{ written: false, snapshot: repaired }]);
  });

  it('knows nobody', () => {
    const seen: unknown[] = [];
    over({}).read$.subscribe((read) => seen.push(read));
    expect(seen).toEqual([expect.objectContaining({ credentials: null })]);
  });

  it('reads promises', async () => {
    const seen: unknown[] = [];
    await over({ read: () => Promise.resolve(snapshot) }).read$.forEach((read) => seen.push(read));
    expect(seen).toEqual([repaired]);
  });

  const SECRET = 'secret-token';
  const coded = (code: unknown) => Object.assign(new Error(SECRET), { code });
  const full = coded('ENOSPC');
  const credentials = { toJSON: broken(SECRET) };
  const unreadable = { credentials, snapshot: { credentials } };

  it.each<[string, () => ObservableInput<never>, object]>([
    ['that throws', broken(full), { reason: 'ENOSPC' }],
    ['that errors', () => throwError(() => full), { reason: 'ENOSPC' }],
    ['that rejects', () => Promise.reject(full), { reason: 'ENOSPC' }],
    ['that says nothing', () => EMPTY, {}],
    ['that returns nothing', () => undefined as never, {}],
    ['that answers nothing', () => of<never>(undefined as never), {}],
    ['that answers what cannot be read', () => of<never>(unreadable as never), {}],
    ['that errors with a code that is none', () => Promise.reject(coded(SECRET)), {}],
    ['that errors with a code and more', () => Promise.reject(coded(`ENOSPC ${SECRET}`)), {}],
    ['that errors with more and a code', () => Promise.reject(coded(`${SECRET} ENOSPC`)), {}],
    ['that errors with a number', () => Promise.reject(coded(23)), {}],
    ['that errors with a word', broken(SECRET), {}],
    ['that errors with nothing', broken(null), {}],
  ])(
    'makes a StoreError of what comes of a store %s, without what it quotes',
    async (_what, fails, expected) => {
      const store = over({ read: fails, write: fails });
      const errors = await Promise.all(
        [() => firstValueFrom(store.read$), () => firstValueFrom(store.write(stored, 'v1'))].map((access) =>
          access().then(fail, (error: unknown) => error as StoreError),
        ),
      );

      expect(errors).toMatchObject([
        { code: 'store_unreadable', ...expected },
        { code: 'store_unwritable', ...expected },
      ]);
      for (const error of errors) {
        expect(error).toBeInstanceOf(StoreError);
        expect(error.message).toContain((expected as { reason?: string }).reason ?? 'The store failed');
        expect(error.reason).toBe((expected as { reason?: string }).reason);
        expect(inspect(error, { showHidden: true })).not.toContain(SECRET);
      }
    },
  );

  it('passes on what is a TokenError already', () => {
    const corrupt = new StoreError('store_corrupt', 'Damaged');
    const seen: unknown[] = [];
    over({ read: broken(corrupt) }).read$.subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([corrupt]);
    expect(seen[0]).toBe(corrupt);
  });
});
