import type { TokenEvent } from 'rx-token';
import type { MarkType } from './lane';

/** How an event of the manager is drawn; `undefined`: not at all. */
export function toMark(event: TokenEvent): MarkType | undefined {
  switch (event.type) {
    case 'refreshed':
      return event.by === 'self' ? 'refreshed' : 'adopted';
    case 'set':
      return event.by === 'self' ? 'signed-in' : 'signed-in-elsewhere';
    case 'cleared':
      return event.by === 'self' ? 'signed-out' : 'signed-out-elsewhere';
    case 'invalidated':
      return 'invalidated';
    case 'refresh-failed':
    case 'persist-failed':
    case 'callback-failed':
      return 'failed';
    case 'reauthentication-required':
      return 'refused';
    case 'loaded':
    case 'refresh-started':
    case 'persisted':
    case 'concurrent-redemption':
    case 'lock-waited':
      return undefined;
  }
}
