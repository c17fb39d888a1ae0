import { firstValueFrom, Observable, throwError } from 'rxjs';
import { disposable } from './disposable.js';
import type { TokenManager } from './tokenManager.js';

/** A use of a manager; `leave` ends it. */
export interface Use {
  readonly manager: TokenManager;
  readonly leave: () => void;
}

/**
 * A manager of which each use is one of another: while it has a subscriber, and until a promise has settled.
 *
 * @param drop lets go of the other one, if there is one
 * @param landed resolves when what has been sent is saved, or cannot be
 */
export function keyedManager(
  enter: () => Use,
  events$: TokenManager['events$'],
  drop: () => void,
  landed: () => Promise<unknown>,
): TokenManager {
  function streamed<T>(view: (manager: TokenManager) => Observable<T>): Observable<T> {
    return new Observable((subscriber) => {
      const { manager, leave } = enter();
      subscriber.add(leave);
      view(manager).subscribe(subscriber);
    });
  }

  /** Not `async`: whoever asks gets the manager's own promise, and waits no longer than for that. */
  function asked<T>(ask: (manager: TokenManager) => Promise<T>): Promise<T> {
    let use: Use | undefined;
    try {
      use = enter();
      const answer = ask(use.manager);
      answer.then(use.leave, use.leave);
      return answer;
    } catch (error) {
      use?.leave();
      return firstValueFrom(throwError(() => error));
    }
  }

  return {
    token$: streamed((manager) => manager.token$),
    credentials$: streamed((manager) => manager.credentials$),
    state$: streamed((manager) => manager.state$),
    events$,
    validToken$: streamed((manager) => manager.validToken$),
    renewal: (rejected) => streamed((manager) => manager.renewal(rejected)),
    getValidToken: (options) => asked((manager) => manager.getValidToken(options)),
    getCredentials: (options) => asked((manager) => manager.getCredentials(options)),
    peek: () => asked((manager) => manager.peek()),
    invalidate: (rejected) => asked((manager) => manager.invalidate(rejected)),
    renew: (rejected) => asked((manager) => manager.renew(rejected)),
    set: (credentials) => asked((manager) => manager.set(credentials)),
    clear: (options) => asked((manager) => manager.clear(options)),
    ...disposable(drop, landed),
  } as TokenManager;
}
