import { computed, DestroyRef, inject, Injectable } from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import {
  combineLatest,
  defer,
  distinctUntilChanged,
  filter,
  map,
  merge,
  type Observable,
  scan,
  share,
  shareReplay,
  startWith,
  switchMap,
  tap,
} from 'rxjs';
import { injectAuthEvents, injectTokenManager } from 'rx-token/angular';
import { Wire } from '../requests/wire';
import { claimedNumber } from './claimedNumber';
import { inTurn } from './inTurn';
import { type Lane, SERVER } from './lane';
import { ownLane } from './ownLane';
import { serverLane } from './serverLane';
import { tabChannel } from './tabChannel';

/** A lane, or the wish to hear all lanes. */
type Message = { readonly lane: Lane } | 'hello';

/**
 * What happened in all tabs, and at the authorization server.
 *
 *     own lane ───────────────┬──► lanes, by their number ──► picture
 *     the server's, in turn ──┤              ▲
 *                             └──► channel ──┘ those of other tabs
 */
@Injectable({ providedIn: 'root' })
export class History {
  private readonly tokens = injectTokenManager();
  private readonly event$ = injectAuthEvents();
  private readonly wire = inject(Wire);
  private readonly channel = tabChannel<Message>('rx-token-demo lanes', inject(DestroyRef));

  private readonly number$ = defer(claimedNumber).pipe(shareReplay(1));
  private readonly own$ = combineLatest([
    this.number$,
    ownLane(this.tokens, this.event$, this.wire.attempt$),
  ]).pipe(map(([id, lane]) => ({ ...lane, id })));
  // one tab asks for all: a browser opens six connections to a server, and no more
  private readonly server$ = inTurn('rx-token-demo ledger', serverLane());

  private readonly heard$ = this.channel.message$.pipe(share());
  private readonly lane$ = merge(
    this.told(this.own$),
    this.told(this.server$),
    this.heard$.pipe(
      filter((message) => message !== 'hello'),
      map(({ lane }) => lane),
    ),
  );
  private readonly lanes$ = this.lane$.pipe(
    scan((lanes, lane) => new Map(lanes).set(lane.id, lane), new Map<number, Lane>()),
    takeUntilDestroyed(),
  );

  /** Of this tab; `undefined` until it has claimed one. */
  readonly number = toSignal(this.number$);
  readonly lanes = toSignal(this.lanes$, { initialValue: new Map<number, Lane>() });

  /** When the server has issued a pair of tokens: epoch ms. */
  readonly issuedAt = computed(() =>
    (this.lanes().get(SERVER)?.marks ?? []).filter(({ type }) => type === 'issued').map(({ at }) => at),
  );

  constructor() {
    this.channel.send('hello');
  }

  /** Tells the other tabs: at once, and again to those who come later. */
  private told(lane$: Observable<Lane>): Observable<Lane> {
    const asked$ = this.heard$.pipe(filter((message) => message === 'hello'));
    return lane$.pipe(
      switchMap((lane) =>
        asked$.pipe(
          startWith('hello'),
          tap(() => this.channel.send({ lane })),
          map(() => lane),
        ),
      ),
      distinctUntilChanged(),
    );
  }
}
