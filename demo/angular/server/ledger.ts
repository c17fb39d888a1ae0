import type { ServerResponse } from 'node:http';
import { fromEvent, type Observable, takeUntil } from 'rxjs';
import type { Ruling } from './ruling.js';

/** Tells a page what the server did and does, as server-sent events, until the page leaves. */
export function ledger(ruling$: Observable<Ruling>, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 1000\n\n');
  ruling$
    .pipe(takeUntil(fromEvent(response, 'close')))
    .subscribe((ruling) => response.write(`data: ${JSON.stringify(ruling)}\n\n`));
}
