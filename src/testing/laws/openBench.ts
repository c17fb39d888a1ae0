import {
  firstValueFrom,
  from,
  lastValueFrom,
  noop,
  type ObservableInput,
  Subject,
  Subscription,
  timer,
  toArray,
} from 'rxjs';
import type { CredentialStore, Lease } from '../../contracts.js';
import type { Bench, StoreUnderTest, Turn } from './law.js';
import { must } from './must.js';

export interface BenchTimes {
  readonly deadlineMs: number;
  readonly quietMs: number;
}

/** Lays a store out for one law. `close` gives back every lock, whatever the law left behind. */
export function openBench(under: StoreUnderTest, { deadlineMs, quietMs }: BenchTimes) {
  const turns = new Subscription();
  const { store, sibling = store } = under;

  async function within<T>(promise: PromiseLike<T>, sentence: string): Promise<T> {
    const patience = new Subscription();
    const late = new Promise<never>((_, reject) => {
      patience.add(
        timer(deadlineMs).subscribe(() => reject(new Error(`${sentence}: not within ${deadlineMs} ms`))),
      );
    });
    return Promise.race([promise, late]).finally(() => patience.unsubscribe());
  }

  async function once<T>(input: ObservableInput<T>, who: string): Promise<T> {
    const [answer, ...more] = await within(firstValueFrom(from(input).pipe(toArray())), `${who} completes`);
    must(
      answer !== undefined && more.length === 0,
      `${who} emits once and completes: it emitted ${more.length + 1} times`,
    );
    return answer;
  }

  function take(through: CredentialStore = store): Turn {
    const end$ = new Subject<never>();
    let isInside = false;
    let enter: (lease: Lease) => void;
    let miss: (error: unknown) => void;
    const lease = new Promise<Lease>((resolve, reject) => ([enter, miss] = [resolve, reject]));
    lease.catch(noop); // not everyone asks whether they got in
    const turn = new Subscription(() => (isInside = false));
    turn.add(
      through.lock
        .hold((given) => {
          isInside = true;
          enter(given);
          return end$;
        })
        .subscribe({
          error(error: unknown) {
            turn.unsubscribe();
            miss(error);
          },
          complete: () => turn.unsubscribe(),
        }),
    );
    turns.add(turn);
    return {
      get isInside() {
        return isInside;
      },
      entered: (sentence) => within(lease, sentence),
      leave() {
        isInside = false;
        end$.complete();
      },
      fail(error) {
        isInside = false;
        end$.error(error);
      },
      abandon: () => turn.unsubscribe(),
    };
  }

  function means<Name extends 'reopen' | 'lapse' | 'disturb'>(name: Name): NonNullable<StoreUnderTest[Name]> {
    const given = under[name];
    must(given, `This law needs ${name}: let create() return it, or say in \`cannot\` why there is none`);
    return given;
  }

  const bench: Bench = {
    store,
    sibling,
    reopen: async () => within(Promise.resolve(means('reopen')()), 'reopen() resolves'),
    async lapse() {
      await within(Promise.resolve(means('lapse')()), 'lapse() resolves');
    },
    async disturb() {
      const repair = await within(Promise.resolve(means('disturb')()), 'disturb() resolves');
      return async () => {
        await within(Promise.resolve(repair()), 'The repair resolves');
      };
    },
    read: (through = store) => once(through.read(), 'A read'),
    write: (next, expected, through = store) => once(through.write(next, expected), 'A write'),
    take,
    done: async (input) => {
      await within(lastValueFrom(from(input), { defaultValue: null }), 'What a lease does completes');
    },
    within,
    async quiet() {
      await firstValueFrom(timer(quietMs));
    },
  };
  return { bench, close: () => turns.unsubscribe() };
}
