import { noop, Observable } from 'rxjs';
import type { Line } from './line.js';

interface Duplicate extends Line {
  readonly status: string;
  readonly stream?: { unref?(): unknown } | undefined;
  connect(): Promise<unknown>;
  disconnect(): unknown;
  on(event: string, handler: (...told: never[]) => void): unknown;
}

/** See {@link Commands.line$}. */
export function ioredisLine(
  duplicate: () => Duplicate,
  hear: (channel: string, message: string) => void,
): Observable<Line> {
  return new Observable((subscriber) => {
    const own = duplicate();
    own.on('error', noop); // what it comes to is told by the other events
    own.on('message', hear);
    own.on('connect', () => own.stream?.unref?.());
    own.on('ready', () => subscriber.next(own));
    own.on('end', () => subscriber.complete());
    if (own.status === 'wait') own.connect().catch(noop);
    return () => own.disconnect();
  });
}
