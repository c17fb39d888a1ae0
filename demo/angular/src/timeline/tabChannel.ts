import type { DestroyRef } from '@angular/core';
import { fromEvent, map, type Observable } from 'rxjs';

/** What the tabs of this origin say to each other. */
export interface TabChannel<T> {
  readonly message$: Observable<T>;
  send(message: T): void;
}

export function tabChannel<T>(name: string, destroyRef: DestroyRef): TabChannel<T> {
  const channel = new BroadcastChannel(name);
  destroyRef.onDestroy(() => channel.close());
  return {
    message$: fromEvent<MessageEvent<T>>(channel, 'message').pipe(map(({ data }) => data)),
    send: (message) => channel.postMessage(message),
  };
}
