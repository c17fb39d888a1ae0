import { noop, Observable } from 'rxjs';
import type { Line } from './line.js';

interface Duplicate {
  connect(): Promise<unknown>;
  /** Since 5; `disconnect` before that. */
  destroy?(): unknown;
  disconnect?(): Promise<unknown>;
  unref?(): unknown;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  on(event: string, handler: (...told: never[]) => void): unknown;
}

/** See {@link Commands.line$}. A cluster tells of no reconnection: it subscribes again by itself. */
export function nodeRedisLine(
  duplicate: () => Duplicate,
  isCluster: boolean,
  hear: (channel: string, message: string) => void,
): Observable<Line> {
  return new Observable((subscriber) => {
    const own = duplicate();
    const heard = (message: string, channel: string): void => hear(channel, message);
    const turns = new Map<string, Promise<unknown>>();
    /** One after the other for each channel: what is subscribed to until the server answers that it is not, goes, too. */
    const inTurn = (channel: string, ask: () => Promise<unknown>): Promise<unknown> => {
      const turn = (turns.get(channel) ?? Promise.resolve()).then(ask, ask);
      const leave = (): unknown => turns.get(channel) === turn && turns.delete(channel);
      turns.set(channel, turn);
      turn.then(leave, leave);
      return turn;
    };
    const line: Line = {
      subscribe: (channel) => inTurn(channel, () => own.subscribe(channel, heard)),
      unsubscribe: (channel) => inTurn(channel, () => own.unsubscribe(channel, heard)),
    };
    own.on('error', noop); // what it comes to is told by the other events
    if (!isCluster) own.on('ready', () => subscriber.next(line));
    own.on('end', () => subscriber.complete());
    own.unref?.();
    own.connect().then(
      () => isCluster && subscriber.next(line),
      (error: unknown) => subscriber.error(error),
    );
    return () => void closed(own).catch(noop);
  });
}

async function closed(own: Duplicate): Promise<void> {
  if (own.destroy) own.destroy();
  else await own.disconnect?.();
}
