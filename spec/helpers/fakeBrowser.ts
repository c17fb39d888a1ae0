import { afterEach } from '@jest/globals';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { ChannelLike, LockManagerLike, PageLike, StorageLike, TabStoreOptions } from 'rx-token/browser';

/** One tab of a {@link fakeBrowser}, with faults to order. */
export interface FakeTab {
  /** Its view of the storage of the origin. */
  readonly storage: StorageLike;
  readonly locks: LockManagerLike;
  readonly page: PageLike & EventTarget & { readonly document: EventTarget & { visibilityState: string } };
  readonly channel: (name: string) => ChannelLike;
  /** All of it, as options of a store. */
  readonly options: TabStoreOptions;
  /** What the storage throws from now on, by the name of its `DOMException`; `null`: nothing. */
  refuse(name: string | null, what?: 'everything' | 'writing'): void;
  /** The name of an event of the window, or of the document. */
  fire(type: 'pagehide' | 'pageshow' | 'online' | 'focus' | 'visibilitychange' | 'resume'): void;
  /** The process ends: its locks are free, and no other tab hears anything. */
  crash(): void;
}

export interface FakeBrowser {
  newTab(): FakeTab;
  /** What all tabs share, as soon as they see it. */
  readonly stored: Map<string, string>;
  /** Every message that went over a channel. */
  readonly messages: unknown[];
  /** The names of the locks that are held. */
  readonly heldLocks: readonly string[];
}

export interface FakeBrowserOptions {
  /** How long what one tab stores is not seen by the others, in ms; default: at once. */
  readonly lagMs?: number;
  /** In characters; default: no end. */
  readonly quota?: number;
  readonly scheduler?: SchedulerLike;
}

interface LockRequest {
  readonly name: string;
  readonly mode: 'shared' | 'exclusive';
  readonly tab: object;
  grant(): void;
  break(): void;
}

const named = (name: string) => Object.assign(new Error('not to be shown: access-of-1'), { name });

const open = new Set<FakeTab>();
afterEach(() => {
  for (const tab of open) tab.fire('pagehide');
  open.clear();
});

/** A browser as far as stores of tabs need one, where time and faults are ours. */
export function fakeBrowser(browser: FakeBrowserOptions = {}): FakeBrowser {
  const { lagMs = 0, quota = Infinity, scheduler = asyncScheduler } = browser;
  const stored = new Map<string, string>();
  /** All apply all changes in one and the same order, so that they end on the same. */
  const views = new Map<object, { put(key: string, text: string | null, nth: number): void }>();
  let changes = 0;
  const channels = new Set<EventTarget & { readonly name: string }>();
  const messages: unknown[] = [];
  let waiting: LockRequest[] = [];
  let held: LockRequest[] = [];

  /** In order, as far as others of the same name allow (https://www.w3.org/TR/web-locks/#algorithm-process-queue). */
  function letIn(): void {
    for (const request of [...waiting]) {
      const first = waiting.find(({ name }) => name === request.name);
      const others = held.filter(({ name }) => name === request.name);
      const fits = others.length === 0 || [...others, request].every(({ mode }) => mode === 'shared');
      if (first !== request || !fits) continue;
      waiting = waiting.filter((each) => each !== request);
      held.push(request);
      void Promise.resolve().then(request.grant);
    }
  }

  function newTab(): FakeTab {
    const tab = {};
    const own = new Map(stored);
    /** Of its own changes, by key, the number of the last. */
    const latest = new Map<string, number>();
    const page = Object.assign(new EventTarget(), {
      document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
    });
    let refusal: { readonly name: string; readonly what: 'everything' | 'writing' } | null = null;
    views.set(tab, {
      put(key, text, nth) {
        if (nth < (latest.get(key) ?? 0)) return; // what it has written since stands until its turn comes
        set(own, key, text);
        page.dispatchEvent(Object.assign(new Event('storage'), { key }));
      },
    });

    function change(key: string, text: string | null): void {
      if (refusal) throw named(refusal.name);
      const size = [...own].reduce((sum, [each, value]) => sum + (each === key ? 0 : value.length), 0);
      if (size + (text?.length ?? 0) > quota) throw named('QuotaExceededError');
      set(own, key, text);
      set(stored, key, text);
      const nth = ++changes;
      latest.set(key, nth);
      for (const [other, view] of views) {
        if (lagMs) scheduler.schedule(() => view.put(key, text, nth), lagMs);
        else if (other !== tab) view.put(key, text, nth);
      }
    }
    const storage: StorageLike = {
      getItem(key) {
        if (refusal?.what === 'everything') throw named(refusal.name);
        return own.get(key) ?? null;
      },
      setItem: change,
      removeItem: (key) => change(key, null),
    };
    Object.assign(page, { localStorage: storage });
    const locks: LockManagerLike = {
      request: (name, { mode = 'exclusive', signal }, granted) =>
        new Promise((resolve, reject) => {
          const leave = () => {
            held = held.filter((each) => each !== request);
            waiting = waiting.filter((each) => each !== request);
            letIn();
          };
          const abort = () => {
            if (!waiting.includes(request)) return;
            leave();
            reject(named('AbortError'));
          };
          const request: LockRequest = {
            name,
            mode,
            tab,
            grant() {
              Promise.resolve(granted()).then(resolve, reject).finally(leave);
            },
            break() {
              leave();
              reject(named('AbortError'));
            },
          };
          signal?.addEventListener('abort', abort);
          waiting.push(request);
          letIn();
        }),
      query: () => Promise.resolve({ held: held.map(({ name }) => ({ name })) }),
    };
    function channel(name: string): ChannelLike {
      const ours = Object.assign(new EventTarget(), { name });
      channels.add(ours);
      return Object.assign(ours, {
        postMessage(message: unknown) {
          if (!channels.has(ours)) throw named('InvalidStateError');
          messages.push(structuredClone(message));
          const event = () => Object.assign(new Event('message'), { data: message });
          for (const each of channels) if (each !== ours && each.name === name) each.dispatchEvent(event());
        },
        close: () => void channels.delete(ours),
      });
    }

    const opened: FakeTab = {
      storage,
      locks,
      page,
      channel,
      options: { locks, channel, page, scheduler },
      refuse: (name, what = 'everything') => void (refusal = name === null ? null : { name, what }),
      fire(type) {
        const target = ['visibilitychange', 'resume'].includes(type) ? page.document : page;
        target.dispatchEvent(new Event(type));
      },
      crash() {
        for (const request of [...held, ...waiting]) if (request.tab === tab) request.break();
        views.delete(tab);
      },
    };
    open.add(opened);
    return opened;
  }

  return {
    newTab,
    stored,
    messages,
    get heldLocks() {
      return held.map(({ name }) => name);
    },
  };
}

function set(map: Map<string, string>, key: string, text: string | null): void {
  if (text === null) map.delete(key);
  else map.set(key, text);
}
