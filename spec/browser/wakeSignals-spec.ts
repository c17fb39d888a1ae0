import { describe, expect, it } from '@jest/globals';
import { wakeSignals } from 'rx-token/browser';
import { fakeBrowser } from '../helpers/fakeBrowser.js';

/** A target that counts its listeners. */
function counting(target: EventTarget) {
  let listeners = 0;
  return {
    get listeners() {
      return listeners;
    },
    addEventListener: (type: string, listener: (event: Event) => void) => {
      listeners++;
      target.addEventListener(type, listener);
    },
    removeEventListener: (type: string, listener: (event: Event) => void) => {
      listeners--;
      target.removeEventListener(type, listener);
    },
  };
}

describe('wakeSignals', () => {
  it('tells by name of everything that a page may have slept through', () => {
    const { page, fire } = fakeBrowser().newTab();
    const heard: string[] = [];
    wakeSignals(page).subscribe((signal) => heard.push(signal));
    const all = ['visibilitychange', 'resume', 'pageshow', 'online', 'focus'] as const;
    for (const type of all) fire(type);
    fire('pagehide');

    expect(heard).toEqual(all);
  });

  it('does not tell of a page that was hidden', () => {
    const { page, fire } = fakeBrowser().newTab();
    const heard: string[] = [];
    wakeSignals(page).subscribe((signal) => heard.push(signal));
    page.document.visibilityState = 'hidden';
    fire('visibilitychange');
    expect(heard).toEqual([]);

    page.document.visibilityState = 'visible';
    fire('visibilitychange');
    expect(heard).toEqual(['visibilitychange']);
  });

  it('listens once for all who listen, and no longer than they do', () => {
    const page = Object.assign(counting(new EventTarget()), { document: undefined });
    const signals$ = wakeSignals(page);
    expect(page.listeners).toBe(0);

    const [one, other] = [signals$.subscribe(), signals$.subscribe()];
    expect(page.listeners).toBe(3);
    one.unsubscribe();
    expect(page.listeners).toBe(3);
    other.unsubscribe();
    expect(page.listeners).toBe(0);
  });

  it('says nothing on a server', () => {
    let ended = false;
    const listening = wakeSignals().subscribe({ complete: () => (ended = true) });
    expect(ended).toBe(false);
    listening.unsubscribe();
  });
});
